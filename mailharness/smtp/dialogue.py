"""The server's half of the dialogue: which command may be said when, and what is answered (RFC 5321 §4.1, §4.3).

A ``Dialogue`` knows no transport. ``obey`` returns a reply, or an awaitable of one where the reception has to think.
"""

import contextlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeAlias

from mailharness.clock import Work
from mailharness.errors import RemoteProtocolError
from mailharness.mail import NO_COPY, Address, Cause, Copy, DsnRequest, Message, Reply
from mailharness.smtp import replies
from mailharness.smtp.chunks import ChunkCollector
from mailharness.smtp.esmtp import Command, read_path
from mailharness.smtp.extended import AUTH_SYNTAX, BDAT_SYNTAX, ExtendedDialogue
from mailharness.smtp.octets import DataCollector, has_bare_ending
from mailharness.smtp.reception import Announce, Decision, ReceiverOptions, Reception, Ruling, SmtpSession, Transaction
from mailharness.smtp.requests import read_envid, read_request
from mailharness.smtp.smuggling import LooseCollector
from mailharness.trace.events import Refused

END_OF_DATA = Command("EOD", "", ".")
_LETTER = frozenset({"MAIL", "RCPT", "DATA", "BDAT", END_OF_DATA.verb})
"""What a client says of one letter: a refusal of any of these is the letter's."""
Step: TypeAlias = Reply | Awaitable[Reply | None] | None


class Verb(NamedTuple):
    """One row of the table: who obeys, and under which conditions."""

    obey: "Callable[[Dialogue, str], Step]"
    syntax: str
    argument: bool | None = None
    """True: there must be one; False: there must be none; None: as you like."""
    after_hello: bool = False
    in_clear: bool = False
    """Allowed before STARTTLS where TLS is required (RFC 3207 §4)."""


class Dialogue(ExtendedDialogue):
    """One session's state: hello, transaction, copy. ``ending`` says that the reply to come ends the transaction."""

    def __init__(
        self,
        options: ReceiverOptions,
        reception: Reception,
        session: SmtpSession,
        announce: Announce,
        work: Work,
        secure: Callable[[], Awaitable[None]],
        log_in: Callable[[str, str | None], Awaitable[Reply]],
    ) -> None:
        self.options = options
        self.reception = reception
        self.session = session
        self.transaction: Transaction | None = None
        self.of: Copy = NO_COPY
        self.ending = False
        self.accepting = False
        self.refusing = False
        self.collector: DataCollector | ChunkCollector | LooseCollector | None = None
        self.further: list[Reply] = []
        """What is to be said after the reply of this step: one for each recipient but the first (RFC 2033 §4.2)."""
        self._said = Command("", "", "")
        self._ruler = ""
        self._refusal_told = False
        self._undo: Callable[[], object] | None = None
        self._announce = announce
        self._work = work
        self._secure = secure
        self._log_in = log_in
        self._prepare_extensions()

    # -- the frame of a command ----

    def hear(self, command: Command) -> None:
        """Take note of what is about to be answered. What a MAIL may open is named here: its own event bears the name."""
        self._said, self._refusal_told, self._ruler = command, False, ""
        if command.verb == "MAIL" and self.transaction is None and self.session.helo:
            self.of = self.reception.new_copy(self.session)
        elif command.verb == "BDAT":
            self.expect_chunk(command)

    def conclude(self, reply: Reply) -> None:
        """Announce a refusal that came of no decision: of a command that may not be said yet, a bad path, a fault's own.

        Between hosts the one that hears it tells; a client program tells nobody.
        """
        if self._refusal_told or self._said.verb not in _LETTER or reply.code == replies.MAIL_FIRST.code:
            return
        if self.of.letter and self.of.cause is Cause.SUBMISSION:
            self._refuse(self._recipient_said(), reply)

    @property
    def verb(self) -> str:
        """The verb of the command that is being answered; "" for none, as at the greeting."""
        return self._said.verb

    def voiced(self, reply: Reply, recipient: Address | None = None) -> Reply:
        """``reply`` in this host's own words."""
        voice = self.options.voice
        if voice is None or reply not in voice:
            return reply
        sender = self.transaction.sender if self.transaction is not None else None
        return voice.say(
            reply,
            host=self.options.hostname,
            client=self.session.peer_address[0],
            sender=str(sender or ""),
            recipient=str(recipient or self._recipient_said() or ""),
        )

    def _recipient_said(self) -> Address | None:
        if self._said.verb != "RCPT":
            return None
        with contextlib.suppress(RemoteProtocolError):
            return read_path(
                self._said.argument, "TO", self.options.rcpt_parameters, postmaster_at=self.options.hostname
            ).address
        return None

    def obey(self, command: Command) -> Step:
        """Do what ``command`` says. May raise RemoteProtocolError with the reply, or whatever the reception raises."""
        self._undo = None
        problem = self._objection(command)
        if problem is not None:
            return problem
        step = VERBS[command.verb].obey(self, command.argument)
        if self.transaction is not None and self.transaction.token is not None:
            self.transaction.token.what = f"{self._story} (after {command.verb})"
        return step

    def _objection(self, command: Command) -> Reply | None:
        if command.fault:
            return replies.LINE_TOO_LONG if command.fault == "long" else replies.BAD_LINE
        if self.refusing and command.verb != "QUIT":  # RFC 5321 §3.1
            return replies.REFUSING
        verb = VERBS.get(command.verb)
        if verb is None or command.verb in self.options.unknown_commands:
            return replies.UNKNOWN_COMMAND
        if self.options.require_tls and not verb.in_clear and not self.session.secured:
            return replies.SECURE_FIRST
        if verb.after_hello and not self.session.helo:
            return replies.HELLO_FIRST
        if verb.argument is not None and verb.argument != bool(command.argument):
            return Reply(501, f"Syntax: {verb.syntax}", "5.5.4") if verb.argument else replies.NO_ARGUMENT
        return None

    def retold(self, meant: Reply, told: Reply) -> Reply:
        """A fault tells the client something else: then the envelope is as the client believes it to be."""
        undo, self._undo = self._undo, None
        if undo is not None and told.code // 100 != meant.code // 100:
            undo()
        return told

    def end_transaction(self) -> None:
        """Forget the envelope; whatever it held of the world's work is given back."""
        transaction, self.transaction = self.transaction, None
        self.of, self.ending, self.collector, self._undo = NO_COPY, False, None, None
        if transaction is not None and transaction.token is not None:
            transaction.token.give_back()

    @property
    def _story(self) -> str:
        address, port = self.session.peer_address
        return f"transaction of {address}:{port} at {self.options.hostname}"

    # -- the commands ----

    def greet(self) -> Step:
        """The greeting, or what the reception says instead of it (RFC 5321 §3.1)."""
        return self._decided(self.reception.connected(self.session), self._greeted)

    def _greeted(self, reply: Reply | None) -> Reply:
        if reply is None:
            return self.options.greeting_reply
        self.refusing = self.refusing or not reply.is_positive
        return self._refuse(None, reply) if self._ruler else reply

    def _ehlo(self, name: str) -> Step:
        session = self.session
        return self._hello(name, self.options.ehlo_reply(secured=bool(session.secured), trusted=session.trusted), True)

    def _helo(self, name: str) -> Step:
        return self._hello(name, self.options.helo_reply, False)

    def _hello(self, name: str, reply: Reply, extended: bool) -> Step:
        if not (name.isascii() and name.isprintable()) or " " in name:  # RFC 5321 §4.1.2: U-labels are for addresses
            return Reply(501, "Syntax: EHLO domain, or HELO domain", "5.5.4")
        self.ending = True  # RFC 5321 §4.1.4
        self.session.extending, self.session.offered = extended, reply
        return self._decided(
            self.reception.hello(self.session, name), lambda said: self._helloed(name, extended, said or reply)
        )

    def _helloed(self, name: str, extended: bool, reply: Reply) -> Reply:
        if reply.is_positive:
            self.session.helo, self.session.esmtp = name, extended
        return self._refuse(None, reply) if self._ruler else reply

    def _mail(self, argument: str) -> Step:
        if self.transaction is not None:
            return replies.NESTED
        if self.options.limits and self._has_had_enough():
            return replies.TOO_MANY_TRANSACTIONS
        if self.options.require_auth and not self.session.user:
            return replies.LOG_IN_FIRST
        address, given = read_path(argument, "FROM", self.options.mail_parameters if self.session.esmtp else {})
        size = int(given.get("SIZE", 0))
        if size > self.options.max_size:  # RFC 1870 §6.1
            return self._refuse(None, replies.TOO_BIG)
        if "REQUIRETLS" in given and not self.session.secured:  # RFC 8689 §2
            return replies.ENCRYPT_TO_REQUIRE
        transaction = Transaction(self.of, address, False, "SMTPUTF8" in given, size, [])
        if len(given) > ("SIZE" in given):
            body = given.get("BODY", "").upper()
            transaction.eight_bit, transaction.binary = body == "8BITMIME", body == "BINARYMIME"
            transaction.require_tls = "REQUIRETLS" in given
            transaction.ret, transaction.envid = given.get("RET", "").upper(), read_envid(given.get("ENVID", ""))
        return self._decided(
            self.reception.sender(self.session, transaction), lambda reply: self._begin(transaction, reply)
        )

    def _has_had_enough(self) -> bool:
        """RFC 9422 §4.1: every MAIL counts."""
        self.session.transactions += 1
        return self.session.transactions > self.options.limits.get("MAILMAX", self.session.transactions)

    def _begin(self, transaction: Transaction, reply: Reply | None) -> Reply:
        if reply is not None and not reply.is_positive:
            return self._refuse(None, reply)
        transaction.token = self._work.take(f"{self._story} (after MAIL)")
        self.transaction, self._undo = transaction, self.end_transaction
        return reply or replies.SENDER_OK

    def _rcpt(self, argument: str) -> Step:
        transaction = self.transaction
        if transaction is None:
            return replies.MAIL_FIRST
        if transaction.body is not None:
            return replies.CHUNKS_ONLY
        options = self.options
        known = options.rcpt_parameters if self.session.esmtp else {}
        address, given = read_path(argument, "TO", known, postmaster_at=options.domain or options.hostname)
        if address is None:
            return Reply(501, "The null path cannot receive", "5.1.3")
        if not (address.is_ascii or transaction.smtputf8):
            return replies.NEEDS_SMTPUTF8
        if len(transaction.recipients) >= options.recipients_limit:  # RFC 5321 §4.5.3.1.10
            return replies.TOO_MANY_RECIPIENTS
        if options.limits and self._is_a_domain_too_many(address):
            return replies.TOO_MANY_DOMAINS
        request = read_request(given) if given else None
        decision = self.reception.recipient(self.session, transaction, address)
        return self._decided(decision, lambda reply: self._add(transaction, address, reply, request))

    def _is_a_domain_too_many(self, address: Address) -> bool:
        """RFC 9422 §4.3: the domains of all recipients in the session."""
        most, seen = self.options.limits.get("RCPTDOMAINMAX"), self.session.domains
        if most is None:
            return False
        return address.domain_key not in seen and len(seen) >= most

    def _add(self, transaction: Transaction, address: Address, reply: Reply | None, request: DsnRequest | None) -> Reply:
        if reply is not None and not reply.is_positive:
            return self._refuse(address, reply)
        transaction.recipients.append(address)
        if request is not None:
            transaction.requests = transaction.requests or {}
            transaction.requests[address] = request
        if self.options.limits:
            self.session.domains.add(address.domain_key)
        self._undo = transaction.recipients.pop
        return reply or replies.RECIPIENT_OK

    def _data(self, _: str) -> Step:
        transaction, options = self.transaction, self.options
        if transaction is None:
            return replies.MAIL_FIRST
        if transaction.binary or transaction.body is not None:  # RFC 3030 §2, §3
            return replies.CHUNKS_ONLY
        if not transaction.recipients:  # RFC 5321 §3.3, RFC 2033 §4.2
            return replies.NO_RECIPIENTS_IN_LMTP if options.lmtp else replies.NO_RECIPIENTS
        loose = options.smuggling
        self.collector = LooseCollector(options.max_size, loose) if loose else DataCollector(options.max_size)
        self._undo = self._hear_commands
        return replies.GO_AHEAD

    def _hear_commands(self) -> None:
        self.collector = None

    def end_of_data(self, collector: DataCollector | ChunkCollector | LooseCollector, message: bytes) -> Step:
        """The final dot is here, or the last chunk: refuse, or hand the message to the reception."""
        if collector.oversized:
            return self._refuse(None, replies.TOO_BIG)
        transaction = self.transaction
        assert transaction is not None
        if not (transaction.binary or self.options.smuggling) and (collector.hidden_dot or has_bare_ending(message)):
            return self._refuse(None, replies.BARE_ENDING)
        return self._accept(transaction, Message(message))

    def _accept(self, transaction: Transaction, message: Message) -> Step:
        if self.options.lmtp:
            return self._when_accepted(self._accept_each(transaction, message))
        answer = self.reception.accept(self.session, transaction.envelope(), message, transaction.copy)
        return self._accepted(answer) if isinstance(answer, Reply) else self._when_accepted(self._accept_all(answer))

    async def _when_accepted(self, accept: Awaitable[Reply]) -> Reply:
        self.accepting = True
        try:
            return await accept
        finally:
            self.accepting = False

    async def _accept_all(self, answer: Awaitable[Reply]) -> Reply:
        return self._accepted(await answer)

    def _accepted(self, reply: Reply) -> Reply:
        return reply if reply.is_positive else self._refuse(None, reply)

    async def _accept_each(self, transaction: Transaction, message: Message) -> Reply:
        """RFC 2033 §4.2: a reply for each recipient that was taken, in their order."""
        verdicts = await self.reception.accept_each(self.session, transaction.envelope(), message, transaction.copy)
        for address, reply in verdicts.items():
            if not reply.is_positive:
                self._refuse(address, reply)
        first, *self.further = [verdicts[address] for address in transaction.recipients]
        return first

    def repeat(self, reply: Reply) -> None:
        """What was not judged one by one is said once for each recipient (RFC 2033 §4.2)."""
        if self._said is END_OF_DATA and self.transaction is not None and not self.further:
            self.further = [reply] * (len(self.transaction.recipients) - 1)

    def _rset(self, _: str) -> Step:
        self.ending = True
        return replies.RESET

    def _quit(self, _: str) -> Step:
        self.ending = True
        return replies.BYE

    def verbs(self) -> dict[str, str]:
        return {name: verb.syntax for name, verb in VERBS.items()}

    # -- decisions of the reception ----

    def _decided(self, decision: Decision, then: Callable[[Reply | None], Reply]) -> Step:
        if decision is None or isinstance(decision, Reply):
            return then(decision)
        if isinstance(decision, Ruling):
            self._ruler = decision.by
            return then(decision.reply)
        return self._when_decided(decision, then)

    async def _when_decided(self, decision: Awaitable[Reply | None], then: Callable[[Reply | None], Reply]) -> Reply:
        return then(await decision)

    def _refuse(self, recipient: Address | None, reply: Reply) -> Reply:
        session, by = self.session, self._ruler
        self._refusal_told = True
        reply = self.voiced(reply, recipient)
        self._announce(
            Refused(host=session.host, session=session.number, of=self.of, recipient=recipient, reply=reply, by=by)
        )
        return reply


def _always(reply: Reply) -> Callable[[Dialogue, str], Step]:
    return lambda _dialogue, _argument: reply


VERBS: dict[str, Verb] = {
    "EHLO": Verb(Dialogue._ehlo, "EHLO domain", argument=True, in_clear=True),
    "HELO": Verb(Dialogue._helo, "HELO domain", argument=True),
    "LHLO": Verb(Dialogue._ehlo, "LHLO domain", argument=True, in_clear=True),  # RFC 2033 §4.1
    "MAIL": Verb(
        Dialogue._mail,
        "MAIL FROM:<address> [SIZE=n] [BODY=8BITMIME|BINARYMIME] [SMTPUTF8] [RET=FULL|HDRS] [ENVID=x] [REQUIRETLS]",
        argument=True,
        after_hello=True,
    ),
    "RCPT": Verb(Dialogue._rcpt, "RCPT TO:<address> [NOTIFY=when] [ORCPT=type;address]", argument=True, after_hello=True),
    "DATA": Verb(Dialogue._data, "DATA", argument=False, after_hello=True),
    "BDAT": Verb(Dialogue._bdat, BDAT_SYNTAX, argument=True, after_hello=True),  # RFC 3030 §2
    "RSET": Verb(Dialogue._rset, "RSET", argument=False),
    "NOOP": Verb(_always(replies.OK), "NOOP [text]", in_clear=True),
    "QUIT": Verb(Dialogue._quit, "QUIT", argument=False, in_clear=True),
    "VRFY": Verb(Dialogue._vrfy, "VRFY address", argument=True),  # RFC 5321 §3.5.3
    "EXPN": Verb(Dialogue._expn, "EXPN list", argument=True),
    "HELP": Verb(Dialogue._help, "HELP [command]"),
    "STARTTLS": Verb(Dialogue._starttls, "STARTTLS", argument=False, in_clear=True),  # RFC 3207 §4
    "AUTH": Verb(Dialogue._auth, AUTH_SYNTAX, argument=True, after_hello=True),
    "XCLIENT": Verb(Dialogue._xclient, "XCLIENT attribute=value ...", argument=True, in_clear=True),
}
