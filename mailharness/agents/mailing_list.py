"""A mailing list at work: who may write to it, the letter that its members get, and whose mail comes back.

RFC 5321 §3.9.2: the envelope sender of what a list sends is the list's, so bounces come to it and not to the author.
"""

from collections.abc import Iterable, Sequence
from email.header import Header
from urllib.parse import quote

from mailharness.agents.circles import folded, mark
from mailharness.mail import Address, Message
from mailharness.mail.header import FIELD

_MAX_LOCAL = 64
"""Octets of a local part (RFC 5321 §4.5.3.1.1)."""


class MailingList:
    """The list at ``address``. ``anyone`` may post, or its members and its owner alone; ``limit`` bounces drop a member."""

    def __init__(
        self,
        address: Address,
        members: Iterable[Address],
        *,
        owner: Address | None,
        anyone: bool,
        subject_prefix: str,
        reply_to_list: bool,
        verp: bool,
        limit: int,
    ) -> None:
        self.address = address
        self.owner = owner
        self._members = {member.folded: member for member in members}
        self._bounces: dict[str, int] = {}
        self._anyone = anyone
        self._prefix = subject_prefix
        self._reply_to_list = reply_to_list
        self.verp = verp
        self._limit = limit

    @property
    def members(self) -> tuple[Address, ...]:
        """Those who get its letters, in the order declared."""
        return tuple(self._members.values())

    @property
    def bounces(self) -> dict[str, int]:
        """How often mail to each member came back, those included that were dropped for it."""
        return dict(self._bounces)

    def admits(self, sender: Address | None) -> bool:
        """Whether ``sender`` may write to it; a list's members do not have bounces sent to them."""
        owner = self.owner.folded if self.owner else ""
        return self._anyone or (sender is not None and (sender.folded in self._members or sender.folded == owner))

    def bounce_address(self, member: Address | None = None) -> Address:
        """Where bounces go; with a ``member`` one that tells whose, if there is room for it in a local part."""
        plain = f"{self.address.local}-bounces"
        marked = f"{plain}+{member.local}={member.domain}" if member is not None else plain
        fits = len(marked.encode()) <= _MAX_LOCAL and '"' not in marked
        return Address(marked if fits else plain, self.address.domain)

    # -- letters to the members ----

    def compose(self, message: Message) -> Message:
        """The letter as the members get it: the list's fields in front, and those that there may be once replaced."""
        own = f"{self.address}"
        fields = {
            "List-Id": f"<{self.address.local}.{self.address.domain}>",  # RFC 2919 §2
            "List-Post": _mailto(own),  # RFC 2369 §3.4
            "List-Unsubscribe": _mailto(f"{self.address.local}-unsubscribe@{self.address.domain}"),
            "Sender": str(self.bounce_address()),
            "Precedence": "list",
        }
        if self._reply_to_list:
            fields["Reply-To"] = own
        if self._prefix and self._prefix.strip() not in message.subject:
            fields["Subject"] = self._marked_subject(message)
        return mark(_with_fields(message, fields), self.address)

    def _marked_subject(self, message: Message) -> str:
        prefix = self._prefix if self._prefix.isascii() else f"{Header(self._prefix.strip(), 'utf-8').encode()} "
        raw = next((value for name, value in message.fields if name.lower() == "subject"), b"")
        return prefix + raw.decode("utf-8", "surrogateescape")

    # -- letters that come back ----

    def leave(self, sender: Address | None) -> str:
        """``sender`` is no member any more; what there is to tell of it."""
        left = self._members.pop(sender.folded, None) if sender is not None else None
        who = f"which {left} has left" if left else f"of which {sender or 'the null sender'} is no member"
        return f"list {self.address}, {who}"

    def blamed(self, detail: str, message: Message) -> list[Address]:
        """The members whose mail ``message`` says has failed for good: by the address it came to, else by its report."""
        dsn = message.as_dsn()
        failed = [told for told in dsn.recipients if told.action == "failed"] if dsn is not None else []
        if not failed:
            return []
        local, _, domain = detail.rpartition("=")
        marked = self._members.get(Address(local, domain).folded) if local else None
        if marked is not None:
            return [marked]
        named = {folded(name) for told in failed for name in (told.final, told.original)}
        return [member for folded, member in self._members.items() if folded in named]

    def count(self, members: Sequence[Address]) -> str:
        """A bounce of each of ``members``, who are dropped at their last; what there is to tell of it."""
        told = []
        for member in members:
            key = member.folded
            self._bounces[key] = self._bounces.get(key, 0) + 1
            dropped = self._bounces[key] >= self._limit and self._members.pop(key, None) is not None
            told.append(f"{member} {self._bounces[key]} of {self._limit}{', dropped' if dropped else ''}")
        return f"list {self.address}, which counts bounces: {'; '.join(told)}"


def _mailto(address: str) -> str:
    """``address`` as a URL in brackets (RFC 6068 §2)."""
    return f"<mailto:{quote(address, safe='@+')}>"


def _with_fields(message: Message, fields: dict[str, str]) -> Message:
    """``message`` with these fields in front and without those of the same names."""
    replaced = {name.lower().encode() for name in fields}
    present = any(name.lower().encode() in replaced for name, _ in message.fields)
    kept = _without(message, replaced) if present else message
    block = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return kept.prepend(block.encode("utf-8", "surrogateescape"))


def _without(message: Message, names: set[bytes]) -> Message:
    header = message.header_bytes
    kept, position = [], 0
    for match in FIELD.finditer(header):
        if match[1].lower() in names:
            kept.append(header[position : match.start()])
            position = min(match.end() + 1, len(header))
    left = b"".join((*kept, header[position:])).rstrip(b"\r\n")
    return Message(left + b"\r\n\r\n" + message.body_bytes)
