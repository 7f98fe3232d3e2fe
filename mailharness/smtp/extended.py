"""The commands that are not about one letter, and BDAT: what a dialogue takes beyond the heart of RFC 5321 §4.1.1."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from mailharness.faults import Alter
from mailharness.mail import Address, Reply
from mailharness.smtp import replies
from mailharness.smtp.chunks import Chunk, ChunkCollector, read_chunk
from mailharness.smtp.esmtp import Command
from mailharness.smtp.limits import THROWN_AWAY
from mailharness.smtp.octets import DataCollector
from mailharness.smtp.reception import Decision, ReceiverOptions, Reception, SmtpSession, Transaction
from mailharness.smtp.smuggling import LooseCollector
from mailharness.smtp.xclient import read_attributes

if TYPE_CHECKING:
    from mailharness.smtp.dialogue import Step

AUTH_SYNTAX = "AUTH mechanism [initial-response]"
BDAT_SYNTAX = "BDAT octets [LAST]"


class ExtendedDialogue:
    """The rest is the subclass's."""

    options: ReceiverOptions
    reception: Reception
    session: SmtpSession
    transaction: Transaction | None
    ending: bool
    collector: DataCollector | ChunkCollector | LooseCollector | None
    _undo: Callable[[], object] | None
    _secure: Callable[[], Awaitable[None]]
    _log_in: Callable[[str, str | None], Awaitable[Reply]]

    def _prepare_extensions(self) -> None:
        self.chunk_follows = False
        """A BDAT was heard whose octets nobody has taken yet."""
        self._chunk: Chunk | None = None
        self._thrown_away = 0

    # -- what the dialogue has to offer ----

    def greet(self) -> "Step":
        raise NotImplementedError

    def end_transaction(self) -> None:
        raise NotImplementedError

    def _decided(self, decision: Decision, then: Callable[[Reply | None], Reply]) -> "Step":
        raise NotImplementedError

    def _refuse(self, recipient: Address | None, reply: Reply) -> Reply:
        raise NotImplementedError

    # -- BDAT ----

    def expect_chunk(self, command: Command) -> None:
        """Octets follow this BDAT whatever becomes of it; there are none where the command itself is not known."""
        self._chunk = read_chunk(command.argument) if command.verb not in self.options.unknown_commands else None
        self.chunk_follows = self._chunk is not None

    def give_up_chunk(self) -> bool:
        """Nobody wants the rest of the chunk that is being read, nor what comes behind it; False where there is none."""
        if not isinstance(self.collector, ChunkCollector):
            return False
        self._chunk, self.chunk_follows = Chunk(self.collector.missing, False), True
        return True

    def discard(self, reply: Reply | Alter) -> Reply | None:
        """A BDAT is refused: its octets are read and thrown away before ``reply`` is said (RFC 3030 §2).

        Returns what is to be said at once instead.
        """
        chunk, self.chunk_follows = self._chunk, False
        assert chunk is not None
        if isinstance(reply, Reply) and reply.code == 421:
            return reply
        self._thrown_away += chunk.size
        if self._thrown_away > THROWN_AWAY:
            return replies.TOO_MUCH
        self.collector = ChunkCollector(chunk.size, None, reply)
        return None

    def _bdat(self, _: str) -> "Step":
        chunk, transaction = self._chunk, self.transaction
        if chunk is None:
            return Reply(501, f"Syntax: {BDAT_SYNTAX}", "5.5.4")
        if transaction is None:
            return replies.MAIL_FIRST
        if not transaction.recipients:
            return replies.NO_RECIPIENTS
        body = transaction.body = bytearray() if transaction.body is None else transaction.body
        if len(body) + chunk.size > self.options.max_size:
            self.ending = True
            return self._refuse(None, replies.TOO_BIG)
        self.chunk_follows = False
        self._undo = None if chunk.last else self.end_transaction
        taken = None if chunk.last else Reply(250, f"{chunk.size} octets received", "2.0.0")
        self.collector = ChunkCollector(chunk.size, body, taken)
        return None

    # -- the session ----

    def _help(self, topic: str) -> "Step":
        known = [verb for verb in self.verbs() if verb not in self.options.unknown_commands]
        if not topic:
            return Reply(214, "Commands: " + " ".join(known), "2.0.0")
        if topic.upper() not in known:
            return replies.NO_SUCH_TOPIC
        return Reply(214, f"Syntax: {self.verbs()[topic.upper()]}", "2.0.0")

    def verbs(self) -> dict[str, str]:
        """The syntax of every command."""
        raise NotImplementedError

    def _starttls(self, _: str) -> "Step":
        if self.session.secured:
            return replies.ALREADY_SECURED
        if self.options.tls is None:
            return replies.NO_TLS
        self.ending = True
        return self._secure()

    def _auth(self, argument: str) -> "Step":
        mechanism, *response = argument.split()
        for objects, reply in (
            (not self.options.offer_auth, replies.NOT_OFFERED),
            (not self.session.esmtp, replies.HELLO_FIRST),
            (bool(self.session.user), replies.ALREADY_LOGGED_IN),
            (self.transaction is not None, replies.NOT_NOW),  # RFC 4954 §4
            (not self.options.offers_auth(self.session.secured), replies.ENCRYPT_FIRST),
            (mechanism.upper() not in self.options.auth, replies.NO_SUCH_MECHANISM),
            (len(response) > 1, Reply(501, f"Syntax: {AUTH_SYNTAX}", "5.5.4")),
        ):
            if objects:
                return reply
        return self._log_in(mechanism.upper(), response[0] if response else None)

    def _xclient(self, argument: str) -> "Step":
        """A trusted client speaks for another one; then everything is said anew, from the greeting on."""
        if not self.session.trusted:
            return replies.NOT_TRUSTED
        if self.transaction is not None:
            return replies.NOT_NOW
        said = dict(read_attributes(argument))
        if said.get("LOGIN"):
            known = self.reception.credentials(said["LOGIN"])
            said["LOGIN"] = known.account if known else said["LOGIN"]
        self.session.end()
        self.session.speak_for(said)
        self.ending = True
        return self.greet()

    def _vrfy(self, text: str) -> "Step":
        return self._decided(self.reception.verify(self.session, text), lambda reply: reply or replies.CANNOT_VERIFY)

    def _expn(self, text: str) -> "Step":
        return self._decided(self.reception.expand(self.session, text), lambda reply: reply or replies.NOT_OFFERED)
