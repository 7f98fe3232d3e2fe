"""A teller of stories: a journal made by hand, one verb an event, so that a test reads as what happened."""

from mailharness.clock import VirtualClock, Work
from mailharness.mail import NO_COPY, Address, Cause, Copy, Envelope, Message, Reply
from mailharness.trace import Journal, Trace
from mailharness.trace import events as ev

START = 1_000_000.0
A, B, MX1, MX2, GW = "mail.exampleA.tst", "mail.exampleB.tst", "mx1.exampleB.tst", "mx2.exampleB.tst", "gw.exampleB.tst"
ALICE, BOB, CAROL = "userA@exampleA.tst", "userB@exampleB.tst", "carol@exampleC.tst"
OK = Reply(250, "Ok", "2.0.0")
LETTER = Message(b"Subject: Hello\r\n\r\nDear Bob\r\n")


def addresses(*texts: str) -> tuple[Address, ...]:
    return tuple(Address.parse(text) for text in texts)


class Teller:
    """Appends events to ``journal``; the copies it hands out are numbered as a world would number them."""

    def __init__(self) -> None:
        self.clock = VirtualClock(Work(), start=START)
        self.journal = Journal(self.clock)
        self._letters = self._copies = self._sessions = 0

    def tell(self, *events: ev.Event) -> None:
        for event in events:
            self.journal.append(event)

    def pass_time(self, seconds: float) -> None:
        self.clock._move_to(self.clock.now() + seconds)

    def trace(self, letter: int = 1) -> Trace:
        return Trace(self.journal, letter)

    def new_letter(self) -> int:
        self._letters += 1
        return self._letters

    def new_copy(self, letter: int, parent: Copy = NO_COPY, cause: Cause = Cause.SUBMISSION) -> Copy:
        self._copies += 1
        return Copy(letter, self._copies, parent.copy, cause)

    def session(self, host: str, peer: str, of: Copy = NO_COPY, protocol: str = ev.SMTP) -> int:
        self._sessions += 1
        number = self._sessions
        self.tell(
            ev.Opened(host=host, session=number, protocol=protocol, peer=peer, address="127.9.0.1", port=25),
            ev.Greeted(host=host, session=number, protocol=protocol),
            ev.Replied(host=host, session=number, protocol=protocol, text=f"220 {host} ESMTP"),
        )
        return number

    def says(self, session: int, line: str, reply: str, of: Copy = NO_COPY, host: str = B) -> None:
        verb = line.split()[0].upper()
        self.tell(
            ev.Commanded(host=host, session=session, of=of, protocol=ev.SMTP, verb=verb, line=line),
            ev.Replied(host=host, session=session, of=of, protocol=ev.SMTP, text=reply),
        )

    def closes(self, session: int, how: str = "quit", host: str = B) -> None:
        self.tell(ev.Closed(host=host, session=session, protocol=ev.SMTP, how=how))

    def submit(self, *to: str, host: str = A, sender: str | None = ALICE, cause: Cause = Cause.SUBMISSION) -> Copy:
        copy = self.new_copy(self.new_letter(), cause=cause)
        self.accept(host, copy, *(to or (BOB,)), sender=sender)
        return copy

    def accept(self, host: str, of: Copy, *to: str, sender: str | None = ALICE, session: int = 0) -> None:
        envelope = Envelope(Address.parse(sender) if sender else None, addresses(*to))
        self.tell(ev.Accepted(host=host, of=of, session=session, envelope=envelope, message=LETTER))

    def relay(self, of: Copy, here: str, there: str, *to: str, lost: bool = False, sender: str | None = ALICE) -> Copy:
        """``here`` hands the copy to ``there``, which accepts it."""
        child = self.new_copy(of.letter, of, Cause.RELAY)
        recipients = to or (BOB,)
        self.accept(there, child, *recipients, sender=sender)
        self.tell(ev.Attempted(host=here, of=of, recipients=addresses(*recipients), to=there, reply=None if lost else OK))
        self.tell(
            ev.Relayed(
                host=here,
                of=of,
                recipients=addresses(*recipients),
                to=there,
                reply=OK,
                copy_there=child.copy,
                reply_lost=lost,
            )
        )
        return child

    def expand(self, of: Copy, host: str, recipient: str, *to: str, cause: Cause = Cause.ALIAS) -> list[Copy]:
        """``recipient`` stands for others: a copy each is made in place."""
        children = [self.new_copy(of.letter, of, cause) for _ in to]
        (address,) = addresses(recipient)
        self.tell(ev.Expanded(host=host, of=of, recipient=address, copies=tuple(child.copy for child in children)))
        for child, target in zip(children, to, strict=True):
            self.accept(host, child, target)
        return children

    def deliver(self, of: Copy, host: str = B, recipient: str = BOB, account: str = "", uid: int = 1) -> None:
        (address,) = addresses(recipient)
        self.tell(ev.Delivered(host=host, of=of, recipient=address, account=account or recipient, mailbox="INBOX", uid=uid))

    def attempt(
        self, of: Copy, to: str, reply: str = "", *, problem: str = "", host: str = A, recipient: str = BOB, **more: int
    ) -> None:
        heard = Reply.parse(reply) if reply else None
        event = ev.Attempted(
            host=host, of=of, recipients=addresses(recipient), to=to, reply=heard, problem=problem, address="127.9.0.1"
        )
        event.attempt, event.session = more.get("attempt", 1), more.get("session", 0)
        self.tell(event)

    def queue(
        self, of: Copy, host: str = A, recipient: str = BOB, *, attempts: int = 1, reply: str = "", wait: float = 900
    ) -> None:
        self.tell(
            ev.Queued(
                host=host,
                of=of,
                recipients=addresses(recipient),
                due=self.clock.now() + wait,
                attempts=attempts,
                reply=Reply.parse(reply) if reply else None,
            )
        )

    def bounce(
        self, of: Copy, reply: str = "", *, host: str = A, recipient: str = BOB, status: str = "5.1.1", report: int = 0
    ) -> None:
        (address,) = addresses(recipient)
        heard = Reply.parse(reply) if reply else None
        self.tell(
            ev.Bounced(host=host, of=of, recipient=address, status=status, reply=heard, reason="no luck", report=report)
        )

    def report(self, of: Copy, letter: int, to: str = ALICE, host: str = A) -> Copy:
        """The DSN about a copy: a letter of its own, from the null sender, accepted by the host that made it."""
        copy = self.new_copy(letter, of, Cause.DSN)
        self.accept(host, copy, to, sender=None)
        return copy

    def look_up(self, of: Copy, name: str, rrtype: str, *answers: str, rcode: str = "NOERROR", **more: object) -> None:
        event = ev.LookedUp(host=A, of=of, name=name, rrtype=rrtype, rcode=rcode, answers=answers)
        for key, value in more.items():
            setattr(event, key, value)
        self.tell(event)

    def ask(self, server: str, name: str, rrtype: str, of: Copy = NO_COPY, *answers: str, **more: str) -> None:
        """A question to a name server and its answer."""
        self.tell(
            ev.Queried(host=server, of=of, by=A, name=name, rrtype=rrtype),
            ev.Responded(
                host=server,
                of=of,
                by=A,
                name=name,
                rrtype=rrtype,
                rcode=more.get("rcode", "NOERROR"),
                answers=answers,
                referral=more.get("referral", ""),
            ),
        )


def the_default_story() -> Teller:
    """userA's letter reaches userB: submission, two look-ups, one relay, a delivery, and userB reads it."""
    t = Teller()
    copy = t.submit()
    t.ask("root.tst", "exampleB.tst", "MX", copy, referral="tst.")
    t.ask("ns.tst", "exampleB.tst", "MX", copy, referral="exampleB.tst.")
    t.ask("ns.exampleB.tst", "exampleB.tst", "MX", copy, "10 mail.exampleB.tst.")
    t.look_up(copy, "exampleB.tst", "MX", "10 mail.exampleB.tst.", asked=("root.tst", "ns.tst", "ns.exampleB.tst"))
    t.look_up(copy, "mail.exampleB.tst", "A", "127.9.0.1", cached=True)
    there = t.relay(copy, A, B)
    t.deliver(there)
    t.tell(ev.Fetched(host=B, of=there, protocol=ev.IMAP, user=BOB, mailbox="INBOX", uid=1))
    return t
