"""Transactions over one open session: MAIL, RCPT and the message, each answer given to the recipient it settles.

Pipelined where that is offered, by DATA or in chunks; the replies are read while commands are still being written, so
that a group of any size cannot dead-lock (RFC 2920 §3.1). An LMTP server answers for each recipient (RFC 2033 §4.2).
"""

from collections.abc import Sequence
from dataclasses import replace

from mailharness.mail import Address, Envelope, Message, Reply
from mailharness.smtp.exchange import Exchange
from mailharness.smtp.fitting import Fit, commands, domain_of, fitted
from mailharness.smtp.offer import Offer
from mailharness.smtp.outcome import Outcome

_CLOSING = "the server is closing"


class Transmission:
    """All transactions of one session with a server of this ``offer``. ``chunking`` prefers BDAT to DATA."""

    def __init__(self, exchange: Exchange, offer: Offer, *, lmtp: bool = False, chunking: bool = False) -> None:
        self._exchange = exchange
        self._offer = offer
        self._lmtp = lmtp
        self._chunking = chunking
        self._dirty = False
        self._begun = 0
        self._domains: set[str] = set()
        """The domains of the recipients so far, where the server counts them."""

    @property
    def usable(self) -> bool:
        """Whether the server takes another MAIL, to whatever domain (RFC 9422 §4.1, §4.3)."""
        most, domains = self._offer.max_transactions, self._offer.max_domains
        return (not most or self._begun < most) and (not domains or len(self._domains) < domains)

    async def send(self, envelope: Envelope, message: Message) -> Outcome:
        """One transaction."""
        fit = fitted(envelope, message, self._offer, chunking=self._chunking, domains=self._domains)
        if not fit.recipients:
            return Outcome(fit.refused, next(reversed(fit.refused.values())), unasked=tuple(fit.refused))
        self._begun += 1
        if self._offer.max_domains:
            self._domains |= set(map(domain_of, fit.recipients))
        outcome = await self._transact(fit, commands(fit, envelope, self._offer))
        if fit.refused:
            outcome = replace(outcome, recipients=outcome.recipients | fit.refused, unasked=tuple(fit.refused))
        if envelope.requests and "dsn" not in self._offer:  # RFC 3461 §5.2.2
            wanting = (one for one in outcome.accepted if envelope.request(one).wants("SUCCESS"))
            outcome = replace(outcome, relayed_without_dsn=tuple(wanting))
        return outcome

    async def _transact(self, fit: Fit, lines: list[bytes]) -> Outcome:
        exchange = self._exchange
        data = [] if fit.chunked else [b"DATA\r\n"]
        reset = [b"RSET\r\n"] if self._dirty else []
        if "pipelining" in self._offer.extensions:
            answers = await exchange.ask(b"".join((*reset, *lines, *data)), len(reset) + len(lines) + len(data))
        else:
            answers = await _one_by_one(exchange, reset, lines, data)
        if answers and answers[-1].code == 421:  # RFC 5321 §3.8
            exchange.retire(_CLOSING)
        if reset:
            del answers[:1]
        self._dirty = bool(answers) and answers[0].is_positive
        if _go_ahead_among(answers[: len(lines)]):
            exchange.fail("protocol error: a 3xx reply to MAIL or RCPT")
            return Outcome(problem=exchange.problem)
        if len(answers) < len(lines) + len(data):
            return _cut_short(fit, answers, exchange.problem)
        recipients = _settle(fit, answers[: len(lines)])
        taken = [address for address, reply in recipients.items() if reply.code < 300]
        if fit.chunked:
            return await self._chunks(fit, recipients, taken, answers)
        return await self._data(fit, recipients, taken, answers)

    async def _data(
        self, fit: Fit, recipients: dict[Address, Reply], taken: list[Address], answers: list[Reply]
    ) -> Outcome:
        exchange, go_ahead = self._exchange, answers[-1]
        if not taken:
            if go_ahead.code == 354 and not self._lmtp:  # RFC 2920 §3.1: then an empty message ends it
                await exchange.ask(b".\r\n")
            elif go_ahead.code == 354:  # RFC 2033 §4.2: it may not, and would answer nothing
                exchange.fail("protocol error: a go-ahead without recipients")
            return Outcome(recipients, _last_refusal(answers[:-1]))
        if go_ahead.is_positive and go_ahead.code != 354:  # RFC 5321 §4.3.2 knows no other: it is in no known state
            exchange.fail(f"protocol error: {go_ahead} is no answer to DATA")
            return Outcome(_refused(recipients), problem=exchange.problem)
        if go_ahead.code != 354:
            return Outcome(recipients | dict.fromkeys(taken, go_ahead), go_ahead)
        dot_sent = await exchange.write_data(fit.message.pieces())
        return await self._final(recipients, taken, dot_sent)

    async def _chunks(
        self, fit: Fit, recipients: dict[Address, Reply], taken: list[Address], answers: list[Reply]
    ) -> Outcome:
        if not taken:
            return Outcome(recipients, _last_refusal(answers))
        exchange = self._exchange
        pipelining, finals = "pipelining" in self._offer, len(taken) if self._lmtp else 1
        said, last_sent = await exchange.write_chunks(fit.message.pieces(), pipelining=pipelining, finals=finals)
        refusal = next((answer for answer in said if answer.code // 100 != 2), None)
        if refusal is None:
            return await self._final(recipients, taken, last_sent)
        if last_sent and not self._lmtp:
            await exchange.replies()
        elif last_sent:  # as many replies as recipients, or one: RFC 2033 does not say
            exchange.fail("a chunk was refused")
        if refusal.code == 421:
            exchange.retire(_CLOSING)
        if refusal.is_positive:
            exchange.fail(f"protocol error: {refusal} is no answer to BDAT")
            return Outcome(_refused(recipients), problem=exchange.problem)
        return Outcome(recipients | dict.fromkeys(taken, refusal), refusal)

    async def _final(self, recipients: dict[Address, Reply], taken: list[Address], ended: bool) -> Outcome:
        """The reply to the whole message, or one for each recipient; ``ended``: the end of the message was sent."""
        exchange = self._exchange
        final = await exchange.replies(len(taken) if self._lmtp else 1)
        if _go_ahead_among(final):
            exchange.fail("protocol error: a 3xx reply to the end of the message")
            final = []
        if not final:
            return Outcome(_refused(recipients), problem=exchange.problem, reply_lost=ended)
        self._dirty = not ended
        if final[-1].code == 421:
            exchange.retire(_CLOSING)
        if not self._lmtp or (len(final) < len(taken) and final[-1].code == 421):
            final += final[-1:] * (len(taken) - len(final))
        settled = dict(zip(taken, final, strict=False))
        if len(final) < len(taken):
            return Outcome(_refused(recipients) | settled, problem=exchange.problem, reply_lost=ended)
        return Outcome(recipients | settled, final[-1])


def _go_ahead_among(answers: list[Reply]) -> bool:
    """Whether a 3xx stands where none may (RFC 5321 §4.3.2): the server is in no known state then."""
    for answer in answers:  # noqa: SIM110 - once a letter, and any() costs more
        if 300 <= answer.code < 400:
            return True
    return False


async def _one_by_one(exchange: Exchange, reset: list[bytes], lines: list[bytes], data: list[bytes]) -> list[Reply]:
    """The same answers as from a pipeline, from a server that has none: what need not be said is answered like what was."""
    answers: list[Reply] = []
    for command in (*reset, *lines):
        answer = await exchange.ask(command)
        if not answer:
            return answers
        answers += answer
        if len(answers) == len(reset) + 1 and not answer[0].is_positive:
            return answers + answer * (len(lines) - 1 + len(data))
    if not any(answer.is_positive for answer in answers[len(reset) + 1 :]):
        return answers + answers[-1:] * len(data)
    return answers + (await exchange.ask(data[0]) if data else [])


def _settle(fit: Fit, answers: Sequence[Reply]) -> dict[Address, Reply]:
    """What MAIL and RCPT have said about each recipient; ``answers`` may be fewer."""
    mail, rcpts = answers[0], answers[1:]
    if not mail.is_positive:
        return dict.fromkeys(fit.recipients, mail)
    return dict(zip(fit.recipients, rcpts, strict=False))


def _refused(recipients: dict[Address, Reply]) -> dict[Address, Reply]:
    return {address: reply for address, reply in recipients.items() if not reply.is_positive}


def _cut_short(fit: Fit, answers: list[Reply], problem: str) -> Outcome:
    """The connection ended between the commands: a 421 said before is the answer to all that had none."""
    if not answers:
        return Outcome(problem=problem)
    decided = _refused(_settle(fit, answers))
    last = answers[-1]
    if last.code != 421:
        return Outcome(decided, problem=problem)
    return Outcome({address: decided.get(address, last) for address in fit.recipients}, last)


def _last_refusal(answers: list[Reply]) -> Reply:
    mail, *rcpts = answers
    return mail if not mail.is_positive or not rcpts else rcpts[-1]
