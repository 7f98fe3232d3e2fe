"""What a user asks of a submission besides carrying the letter, and the words in which SMTP says it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.mail.header import body_start
from mailharness.smtp import Login
from mailharness.smtp.login import MECHANISMS
from mailharness.smtp.xtext import xtext
from mailharness.world.checks import FLAG, Rule, check, is_list, kind

NOTIFY = ("SUCCESS", "FAILURE", "DELAY", "NEVER")
RET = ("FULL", "HDRS")
_LONGEST_ENVID = 100
_RULES = {
    "notify": Rule(
        lambda words: words is None or (is_list(words) and all(isinstance(word, str) for word in words)),
        "write a list of words, as in notify=['SUCCESS', 'DELAY'], or notify=['NEVER']",
    ),
    "ret": kind(str, cure="ret='FULL' or ret='HDRS'"),
    "envid": Rule(
        lambda envid: isinstance(envid, str) and envid.isascii() and len(xtext(envid)) <= _LONGEST_ENVID,
        f"write a name of at most {_LONGEST_ENVID} ASCII characters, as in envid='QQ314159'",
    ),
    "require_tls": FLAG,
    "binary": FLAG,
    "tls": FLAG,
    "login": kind(bool, str, cure="True, or the name of a mechanism, as in login='CRAM-MD5'"),
}
"""What these arguments of ``User.send`` must be."""


@dataclass(frozen=True, slots=True)
class Submission:
    """How a letter is submitted."""

    tls: bool = False
    login: Login | None = None
    notify: tuple[str, ...] = ()
    """Of SUCCESS, FAILURE and DELAY, or NEVER alone; nothing where nothing is asked (RFC 3461 §4.1)."""
    ret: str = ""
    envid: str = ""
    require_tls: bool = False
    binary: bool = False
    """Declared as BINARYMIME, and carried by BDAT (RFC 3030 §3)."""

    def mail_options(self, sender: Address, recipients: list[Address], octets: bytes) -> list[str]:
        """The parameters of MAIL: for the body, for addresses or fields in UTF-8 (RFC 6531 §3.4), and what is asked."""
        header = octets[: body_start(octets)]
        international = not header.isascii() or not all(address.is_ascii for address in (sender, *recipients))
        body = "BINARYMIME" if self.binary else "" if octets.isascii() else "8BITMIME"
        said = {
            f"BODY={body}": body,
            "SMTPUTF8": international,
            f"RET={self.ret}": self.ret,
            f"ENVID={xtext(self.envid)}": self.envid,
            "REQUIRETLS": self.require_tls,
        }
        return [words for words, wanted in said.items() if wanted]

    @property
    def rcpt_options(self) -> list[str]:
        return [f"NOTIFY={','.join(self.notify)}"] if self.notify else []


def submission(user: Address, password: str, *, login: bool | str, **asked: Any) -> Submission:
    """The arguments of ``User.send`` as a Submission. Raises MisuseError for a word that nobody knows."""
    check("send", _RULES, login=login, **asked)
    asked["notify"] = _notify(asked["notify"])
    asked["ret"] = _known("value for ret:", asked["ret"], RET) if asked["ret"] else ""
    asked["tls"] = asked["tls"] or asked["require_tls"]
    return Submission(login=_login(str(user), password, login) if login else None, **asked)


def _known(what: str, word: str, known: Iterable[str]) -> str:
    if word.upper() not in known:
        raise MisuseError.unknown(what, word, known)
    return word.upper()


def _notify(words: Any) -> tuple[str, ...]:
    if words is None:
        return ()
    asked = tuple(dict.fromkeys(_known("event for notify:", word, NOTIFY) for word in words))
    if not asked or ("NEVER" in asked and len(asked) > 1):
        raise MisuseError(f"notify={list(words)!r}: NEVER stands alone; to ask for nothing, leave notify out")
    return asked


def _login(user: str, password: str, login: bool | str) -> Login:
    """The password stands for the token where a mechanism wants one."""
    if login is True:
        return Login(user, password, mechanism="PLAIN")
    name = _known("mechanism for login:", str(login), MECHANISMS)
    return Login(user, password, token=password if MECHANISMS[name].by_token else "", mechanism=name)
