"""Sessions as swaks would print them, compared line by line."""

import pytest

from mailharness.errors import MisuseError
from mailharness.trace import events as ev
from mailharness.trace import transcript
from tests.trace.teller import A, B, Teller


def smtp(kind: type[ev.Event], **more: object) -> ev.Event:
    return kind(host=B, session=1, protocol=ev.SMTP, **more)  # type: ignore[call-arg]


def command(line: str) -> ev.Event:
    return smtp(ev.Commanded, verb=line.split()[0], line=line)


def reply(text: str) -> ev.Event:
    return smtp(ev.Replied, text=text)


OPENED = smtp(ev.Opened, peer=A, address="127.9.0.2", port=40000)


@pytest.mark.parametrize(
    ("events", "lines"),
    [
        pytest.param(
            [
                OPENED,
                smtp(ev.Greeted),
                reply("220 mail.exampleB.tst ESMTP"),
                command("EHLO mail.exampleA.tst"),
                reply("250-mail.exampleB.tst\n250-SIZE 1000\n250 8BITMIME"),
                command("MAIL FROM:<userA@exampleA.tst>"),
                reply("250 2.1.0 Ok"),
                command("RCPT TO:<nobody@exampleB.tst>"),
                reply("550-5.1.1 No such user\n550 5.1.1 here"),
                command("RCPT TO:<userB@exampleB.tst>"),
                reply("250 2.1.5 Ok"),
                command("DATA"),
                reply("354 End with a dot"),
                smtp(ev.DataEnded, size=1234),
                reply("250 2.0.0 Ok"),
                command("QUIT"),
                reply("221 2.0.0 Bye"),
                smtp(ev.Closed, how="quit"),
            ],
            """\
=== Trying mail.exampleB.tst...
=== Connected to mail.exampleB.tst from mail.exampleA.tst (127.9.0.2:40000).
<-  220 mail.exampleB.tst ESMTP
 -> EHLO mail.exampleA.tst
<-  250-mail.exampleB.tst
<-  250-SIZE 1000
<-  250 8BITMIME
 -> MAIL FROM:<userA@exampleA.tst>
<-  250 2.1.0 Ok
 -> RCPT TO:<nobody@exampleB.tst>
<** 550-5.1.1 No such user
<** 550 5.1.1 here
 -> RCPT TO:<userB@exampleB.tst>
<-  250 2.1.5 Ok
 -> DATA
<-  354 End with a dot
 -> <1234 bytes of data>
 -> .
<-  250 2.0.0 Ok
 -> QUIT
<-  221 2.0.0 Bye
=== Connection closed with remote host.""",
            id="a whole transaction",
        ),
        pytest.param(
            [
                OPENED,
                reply("220 ready"),
                command("STARTTLS"),
                reply("220 2.0.0 Go"),
                smtp(ev.Secured, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384"),
                command("EHLO a"),
                reply("250 b"),
                command("AUTH PLAIN <secret>"),
                reply("535 5.7.8 no"),
                smtp(ev.Closed, how="reset"),
            ],
            """\
=== Trying mail.exampleB.tst...
=== Connected to mail.exampleB.tst from mail.exampleA.tst (127.9.0.2:40000).
<-  220 ready
 -> STARTTLS
<-  220 2.0.0 Go
=== TLS started with cipher TLSv1.3:TLS_AES_256_GCM_SHA384
 ~> EHLO a
<~  250 b
 ~> AUTH PLAIN <secret>
<~* 535 5.7.8 no
*** Connection reset.""",
            id="inside TLS",
        ),
        pytest.param(
            [
                smtp(ev.Opened, peer="127.0.0.1:40000", address="127.0.0.1", port=40000, secured=True),
                reply("220 ready"),
                smtp(ev.LoggedIn, user="userA@exampleA.tst", mechanism="PLAIN"),
                smtp(ev.DataEnded, size=1),
                command("NOOP"),
                smtp(ev.Closed, how="eof"),
            ],
            """\
=== Trying mail.exampleB.tst...
=== Connected to mail.exampleB.tst from 127.0.0.1:40000.
=== TLS from the first octet.
<~  220 ready
=== Logged in as userA@exampleA.tst by PLAIN.
 ~> <1 bytes of data>
 ~> .
 ~> NOOP
*** The client left without a farewell.""",
            id="TLS from the first octet",
        ),
        pytest.param(
            [
                OPENED,
                ev.Judged(host=B, session=1, about=1, fault="cut at DATA", verdict="cut"),
                smtp(ev.Closed, how="cut"),
            ],
            """\
=== Trying mail.exampleB.tst...
=== Connected to mail.exampleB.tst from mail.exampleA.tst (127.9.0.2:40000).
*** Fault: cut at DATA: cut
*** Remote host closed connection unexpectedly.""",
            id="a fault",
        ),
        pytest.param(
            [
                ev.Commanded(session=1, protocol=ev.IMAP, verb="SELECT", line="a1 SELECT Nowhere"),
                ev.Replied(session=1, protocol=ev.IMAP, text="* OK still here\na1 NO no such mailbox"),
                ev.Commanded(session=1, protocol=ev.IMAP, verb="APPEND", line="a2 APPEND INBOX {9}"),
                ev.DataEnded(session=1, protocol=ev.IMAP, size=9),
                ev.Replied(session=1, protocol=ev.IMAP, text="a2 OK done"),
            ],
            """\
 -> a1 SELECT Nowhere
<-  * OK still here
<** a1 NO no such mailbox
 -> a2 APPEND INBOX {9}
 -> <9 bytes of data>
<-  a2 OK done""",
            id="IMAP",
        ),
        pytest.param(
            [
                ev.Commanded(session=1, protocol=ev.POP3, verb="PASS", line="PASS <secret>"),
                ev.Replied(session=1, protocol=ev.POP3, text="-ERR no"),
                ev.Commanded(session=1, protocol=ev.POP3, verb="QUIT", line="QUIT"),
                ev.Replied(session=1, protocol=ev.POP3, text="+OK bye"),
            ],
            " -> PASS <secret>\n<** -ERR no\n -> QUIT\n<-  +OK bye",
            id="POP3",
        ),
    ],
)
def test_a_session_reads_as_swaks_prints_it(events, lines) -> None:
    t = Teller()
    t.tell(*events)
    assert transcript(t.journal, 1) == lines


def test_on_a_kept_connection_the_lines_of_other_letters_are_left_out() -> None:
    t = Teller()
    first, second = t.submit(), t.submit()
    session = t.session(B, A)
    for of in (first, second, first):
        t.says(session, f"MAIL FROM:<{of.letter}@a.tst>", "250 Ok", of)
    t.says(session, "QUIT", "221 Bye")
    lines = transcript(t.journal, session, letter=first.letter).splitlines()
    assert lines[3:] == [
        " -> MAIL FROM:<1@a.tst>",
        "<-  250 Ok",
        "=== (lines of other letters are left out)",
        " -> MAIL FROM:<1@a.tst>",
        "<-  250 Ok",
        " -> QUIT",
        "<-  221 Bye",
    ]


def test_a_trace_prints_all_its_sessions() -> None:
    t = Teller()
    copy = t.submit()
    for host in (A, B):
        t.says(t.session(host, "somebody"), "NOOP", "250 Ok", copy, host)
    one, other = t.trace().transcripts().split("\n\n")
    assert f"Connected to {A}" in one
    assert f"Connected to {B}" in other


def test_an_unknown_session_is_a_mistake() -> None:
    with pytest.raises(MisuseError, match="no session 5 in the journal"):
        transcript(Teller().journal, 5)
