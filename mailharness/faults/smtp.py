"""Faults of SMTP: a reply instead of what the server would have done."""

from mailharness.errors import MisuseError
from mailharness.faults.fault import PASS, Answer, Fault, Verdict
from mailharness.mail import Reply
from mailharness.trace.events import SMTP, SMTP_PHASES, SMTP_VERBS, Commanded, DataEnded, Event, Greeted


def reply(host: str, command: str, text: str, *, times: int | None = None, optional: bool = False) -> Fault:
    """``host`` answers ``command`` (an SMTP verb, "CONNECT" for the greeting, "EOD" for the final dot) with ``text``.

    Raises MisuseError for a verb that SMTP does not know or a text that is not a reply of 200 to 599.
    """
    verb, name = command.upper(), host.lower()
    if verb not in SMTP_VERBS | SMTP_PHASES:
        raise MisuseError.unknown("SMTP verb or phase", command, SMTP_VERBS | SMTP_PHASES)
    answer = Answer(str(Reply.parse(text)))

    def judge(event: Event) -> Verdict:
        return answer if event.host.lower() == name and _moment(event) == verb else PASS

    return Fault(f"reply at {host} to {verb}: {text}", judge, times, (host,), optional)


def _moment(event: Event) -> str:
    """The verb or phase that the event is, as a fault names it."""
    match event:
        case Commanded(protocol=protocol, verb=verb) if protocol == SMTP:
            return verb
        case Greeted(protocol=protocol) if protocol == SMTP:
            return "CONNECT"
        case DataEnded(protocol=protocol) if protocol == SMTP:
            return "EOD"
    return ""
