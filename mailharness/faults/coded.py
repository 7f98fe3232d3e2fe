"""Addresses that say what shall become of a letter, on hosts that enable them: ``Host(coded_addresses=True)``.

| local part | what the host does at RCPT |
|---|---|
| ``450@``, ``550-5.7.1@`` | answers that code (400 to 599), and the enhanced one |
| ``busy@`` | 450 4.2.1 |
| ``tempfail@``, ``defer@`` | 451 4.3.0 |
| ``full@`` | 452 4.2.2 |
| ``missing@``, ``bounce@`` | 550 5.1.1 |
| ``disabled@`` | 550 5.2.1 |
| ``spam@`` | 550 5.7.1 |
| ``permfail@``, ``reject@`` | 554 5.0.0 |
| ``timeout@`` | says nothing more |
| ``disconnect@``, ``close@`` | closes the connection |
| ``reset@`` | resets it |

So do ``anyone+450@`` and ``anyone+timeout@``. Any other local part is treated as usual. The words are those that mail
simulators have in common.
"""

import re

from mailharness.faults.fault import Fault
from mailharness.faults.spec import breaking
from mailharness.faults.verdict import PASS, Answer, Cut, Drop, Verdict
from mailharness.trace.events import LMTP, SMTP, Commanded, Event

WORDS: dict[str, Verdict] = {
    "busy": Answer("450 4.2.1 Mailbox is busy"),
    "tempfail": Answer("451 4.3.0 Temporary failure"),
    "defer": Answer("451 4.3.0 Try again later"),
    "full": Answer("452 4.2.2 Mailbox is full"),
    "missing": Answer("550 5.1.1 No such user here"),
    "bounce": Answer("550 5.1.1 No such user here"),
    "disabled": Answer("550 5.2.1 Mailbox is disabled"),
    "spam": Answer("550 5.7.1 Refused as spam"),
    "permfail": Answer("554 5.0.0 Permanent failure"),
    "reject": Answer("554 5.0.0 Rejected"),
    "timeout": Drop(),
    "disconnect": Cut(gently=True),
    "close": Cut(gently=True),
    "reset": Cut(),
}
_CODE = re.compile(r"(?P<code>[45][0-9]{2})(?:-(?P<status>[45]\.[0-9]{1,3}\.[0-9]{1,3}))?")
_LOCAL = re.compile(r"(?i)TO:<(?P<local>[^<>\"@]+)@")


def coded_addresses(host: str) -> Fault:
    """The judge of the coded addresses at ``host``, which is armed for as long as its world runs."""
    name = host.lower()

    def judge(event: Event) -> Verdict:
        if not isinstance(event, Commanded) or event.verb != "RCPT" or event.protocol not in (SMTP, LMTP):
            return PASS
        found = _LOCAL.search(event.line) if event.host.lower() == name else None
        return verdict_for(found["local"]) if found else PASS

    return breaking(f"coded address at {host}", judge, host, optional=True)


def verdict_for(local: str) -> Verdict:
    """What the local part of an address asks for, Pass if it asks for nothing."""
    asked = local.rpartition("+")[2].lower()
    match = _CODE.fullmatch(asked)
    if match is None:
        return WORDS.get(asked, PASS)
    if match["status"] and match["status"][0] != match["code"][0]:  # RFC 2034 §4
        return PASS
    return Answer(" ".join(filter(None, (match["code"], match["status"], "As the address says"))))
