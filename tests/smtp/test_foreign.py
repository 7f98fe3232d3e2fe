"""A client of others, smtplib in a thread: real messages arrive with every byte that was on the wire."""

import asyncio
import smtplib
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.smtp.stage import Stage, on_stage


def html_with_image() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ælfrēd <a@a.test>", "b@b.test", "Grüße ✉"
    message.set_content("plain\n.\n..dots\n")
    message.add_alternative("<p>hello <img src='cid:x'></p>", subtype="html")
    message.get_payload()[1].add_related(bytes(range(256)) * 50, "image", "png", cid="<x>")  # type: ignore[union-attr,index]
    return message.as_bytes().replace(b"\n", b"\r\n")


LETTERS = {
    "plain": b"Subject: plain\r\n\r\nhello\r\n",
    "html with an image": html_with_image(),
    "8-bit": b"Subject: bits\r\n\r\n" + bytes(octet for octet in range(256) if octet not in b"\r\n") + b"\r\n",
    "dots": b".\r\n..\r\n.a\r\n\r\n.\r\n",
    "long lines": b"Subject: long\r\n\r\n" + (b"x" * 998 + b"\r\n") * 20 + b"y" * 100_000 + b"\r\n",
    "nothing": b"",
}


def in_thread(act: Callable[[smtplib.SMTP], object], stage: Stage | None = None) -> Stage:
    def run(host: str, port: int) -> None:
        with smtplib.SMTP(host, port, timeout=10) as smtp:
            act(smtp)

    async def play(stage: Stage) -> None:
        await asyncio.to_thread(run, *stage.address[:2])

    return on_stage(play, stage)


def test_all_letters_over_one_connection() -> None:
    stage = in_thread(lambda smtp: [smtp.sendmail("a@a.test", ["b@b.test"], letter) for letter in LETTERS.values()])
    # smtplib ends an empty message as RFC 5321 §4.1.1.4 has it, with an empty line before the dot.
    assert [message for _, message in stage.desk.kept] == [letter or b"\r\n" for letter in LETTERS.values()]


def test_refused_recipients_are_reported_one_by_one() -> None:
    refused: list[dict[str, tuple[int, bytes]]] = []
    in_thread(lambda smtp: refused.append(smtp.sendmail("a@a.test", ["nobody@b.test", "b@b.test"], b"x")))
    assert refused == [{"nobody@b.test": (550, b"5.1.1 No such user")}]


def test_a_message_over_the_announced_size_is_refused_at_mail() -> None:
    def act(smtp: smtplib.SMTP) -> None:
        with pytest.raises(smtplib.SMTPSenderRefused) as caught:
            smtp.sendmail("a@a.test", ["b@b.test"], b"x" * 200)
        assert caught.value.smtp_code == 552

    assert in_thread(act, Stage(max_size=100)).desk.kept == []


def test_an_internationalised_letter() -> None:
    def act(smtp: smtplib.SMTP) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "jörg@a.test", "用户@b.test", "你好"
        message.set_content("hello")
        smtp.send_message(message)

    ((envelope, message),) = in_thread(act).desk.kept
    assert (str(envelope.sender), str(envelope.recipients[0]), envelope.smtputf8) == ("jörg@a.test", "用户@b.test", True)
    assert "Subject: 你好\r\n".encode() in message
