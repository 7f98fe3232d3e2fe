"""Forgery: carries out the verdicts that put something else in the place of a name server's true answer."""

import asyncio
from dataclasses import replace
from types import EllipsisType

from mailharness.dns import About, Asked, Question, Record, Response, Sent, write_response
from mailharness.faults import Answer, Forged, Verdict
from mailharness.faults.verdict import Section
from mailharness.trace.events import RCODES


def forge(asked: Asked, truth: Response, verdict: Answer | Forged, *, tcp: bool) -> Sent:
    """What goes to the asker by ``verdict``, where ``truth`` would have gone.

    A lie that no packet can carry, such as an address that is none, is told to the loop and answered with SERVFAIL.
    """
    lie = _lie(verdict)
    try:
        return _written(asked, _response(truth, lie), lie, tcp=tcp)
    except Exception as error:  # noqa: BLE001 - records of a user's own judge
        problem = {"message": f"cannot be sent: {verdict}", "exception": error}
        asyncio.get_running_loop().call_exception_handler(problem)
        failure = Forged.without_records("SERVFAIL")
        return _written(asked, _response(truth, failure), failure, tcp=tcp)


def remark(verdict: Verdict) -> str:
    """What there is to say of the answer besides what it says itself."""
    if not isinstance(verdict, Answer | Forged):
        return ""
    lie = _lie(verdict)
    return "another ID" if lie.other_id else "another question" if lie.other_question else "forged"


def _lie(verdict: Answer | Forged) -> Forged:
    if isinstance(verdict, Forged):
        return verdict
    return Forged.without_records(verdict.text if verdict.text in RCODES else "SERVFAIL")


def _response(truth: Response, lie: Forged) -> Response:
    return replace(
        truth,
        rcode=truth.rcode if lie.rcode is None else lie.rcode,
        aa=truth.aa if lie.aa is None else lie.aa,
        tc=truth.tc if lie.tc is None else lie.tc,
        answer=_section(truth.answer, lie.answer),
        authority=_section(truth.authority, lie.authority),
        additional=_section(truth.additional, lie.additional),
    )


def _section(true: tuple[Record, ...], lie: Section | None) -> tuple[Record, ...]:
    if lie is None:
        return true
    made = [true if isinstance(row, EllipsisType) else (Record(*row),) for row in lie]
    return tuple(record for records in made for record in records)


def _written(asked: Asked, response: Response, lie: Forged, *, tcp: bool) -> Sent:
    name, rrtype = asked.question
    if lie.other_question:
        asked = asked._replace(question=Question(lie.other_question, rrtype))
    wire = write_response(asked, response, tcp=tcp)
    if lie.other_id:
        wire = bytes((wire[0] ^ 0xFF,)) + wire[1:]
    return Sent(wire, About(name, rrtype, asked.refusal or response.rcode, response.answers, response.referral))
