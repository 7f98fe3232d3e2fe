"""A mailing list's description: an address whose letters go to all members, with a bounce address of its own."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from types import NoneType
from typing import Literal

from mailharness.errors import MisuseError
from mailharness.mail import Address
from mailharness.world.checks import FLAG, Rule, check, kind, listed

_LIST = {
    "name": Rule(lambda name: isinstance(name, str) and bool(name), "write the local part of its address, as in 'team'"),
    "members": listed(str, cure="a list of users and addresses, as in members=['alice', 'bob@globex.test']"),
    "owner": kind(str, NoneType, cure="a user or an address, as in owner='alice', or None for no owner"),
    "post": Rule(lambda who: who in ("members", "anyone"), "write post='members' or post='anyone'"),
    "subject_prefix": Rule(
        lambda text: isinstance(text, str) and (not text or text.isprintable()),
        "write text of one line, as in subject_prefix='[team] '",
    ),
    "reply_to_list": FLAG,
    "verp": FLAG,
    "bounces": Rule(lambda n: isinstance(n, int) and not isinstance(n, bool) and n > 0, "write 1 or more, as in bounces=5"),
}
SERVICES = ("bounces", "owner", "unsubscribe")
"""What stands behind the name in the addresses that a list has besides its own."""


@dataclass(frozen=True, init=False)
class MailingList:
    """``Domain("acme.test", users=["alice"], lists=[MailingList("team", ["alice", "bob@globex.test"])])``.

    ``members`` are users of the domain or addresses anywhere. ``post`` says who may write to it; its ``owner`` always
    may, and has the mail for ``team-owner`` and whatever comes to ``team-bounces`` and is no bounce. The letters leave
    with ``team-bounces`` as envelope sender (RFC 5321 §3.9.2), with ``verp`` one a member, that tells whose bounce comes
    back. A member that has bounced ``bounces`` times is dropped; one that writes to ``team-unsubscribe`` has left.
    ``subject_prefix`` stands before each subject, ``reply_to_list`` directs answers to the list.
    Raises MisuseError for a description that cannot be.
    """

    name: str
    members: tuple[str, ...]
    _: KW_ONLY
    owner: str | None = None
    post: Literal["members", "anyone"] = "members"
    subject_prefix: str = ""
    reply_to_list: bool = False
    verp: bool = False
    bounces: int = 5

    def __init__(
        self,
        name: str,
        members: Iterable[str] = (),
        *,
        owner: str | None = None,
        post: Literal["members", "anyone"] = "members",
        subject_prefix: str = "",
        reply_to_list: bool = False,
        verp: bool = False,
        bounces: int = 5,
    ) -> None:
        check("MailingList", _LIST, name=name, members=members, owner=owner, post=post, bounces=bounces)
        check("MailingList", _LIST, subject_prefix=subject_prefix, reply_to_list=reply_to_list, verp=verp)
        values = {"name": name, "members": tuple(members), "owner": owner, "post": post, "bounces": bounces}
        values |= {"subject_prefix": subject_prefix, "reply_to_list": reply_to_list, "verp": verp}
        for attribute, value in values.items():
            object.__setattr__(self, attribute, value)
        self._check_name()

    def _check_name(self) -> None:
        try:
            Address.parse(f"{self.name}-unsubscribe@a.test")
        except MisuseError:
            raise MisuseError(
                f"MailingList({self.name!r}): write the local part of its address in letters, digits, dots and hyphens, "
                f"52 octets at most: {self.name}-unsubscribe must be an address too"
            ) from None
