"""Complaints read, whoever wrote them (RFC 5965)."""

from mailharness.mail import report
from mailharness.mail.complaint import MEDIA_TYPE, Complaint
from mailharness.mail.message import Message


def read_complaint(message: Message) -> Complaint | None:
    """What ``message`` complains of; None where it is no complaint. Never raises."""
    part = report.find(message, MEDIA_TYPE)
    if part is None:
        return None
    fields = tuple(field for group in report.read_groups(part.decoded()) for field in group)
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name.lower(), []).append(value)

    def first(name: str) -> str:
        return values.get(name, [""])[0]

    def every(name: str) -> tuple[str, ...]:
        return tuple(values.get(name, ()))

    original, whole = report.read_returned(message)
    return Complaint(
        feedback_type=first("feedback-type").lower(),
        user_agent=first("user-agent"),
        version=first("version"),
        mail_from=_bare(first("original-mail-from")),
        recipients=tuple(_bare(value) for value in every("original-rcpt-to")),
        envid=first("original-envelope-id"),
        arrival=report.read_date(first("arrival-date") or first("received-date")),
        reporting_mta=first("reporting-mta").rpartition(";")[2].strip(),
        source_ip=first("source-ip"),
        reported_domains=every("reported-domain"),
        reported_uris=every("reported-uri"),
        authentication_results=every("authentication-results"),
        incidents=_count(first("incidents")),
        original=original,
        whole=whole,
        fields=fields,
    )


def _bare(path: str) -> str:
    return path.strip().removeprefix("<").removesuffix(">").strip()


def _count(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 1
