"""The story in Mermaid: a sequence diagram that a Markdown page, a wiki or a merge request draws by itself."""

from collections.abc import Iterator

from mailharness.drawing import Tone, said
from mailharness.trace.scenes import Message, Note, Pause, Play, Scene

_MARKS = {Tone.BAD: "❌ ", Tone.WAIT: "⏳ "}


def mermaid(play: Play) -> str:
    """The play as the source of a Mermaid sequence diagram."""
    lines = ["sequenceDiagram", f"    accTitle: {said(play.title)}", *(f"    {line}" for line in _body(play))]
    return "\n".join(lines) + "\n"


def _body(play: Play) -> Iterator[str]:
    for number, place in enumerate(play.places):
        yield f"{'actor' if place.kind == 'person' else 'participant'} p{number} as {said(place.name)}"
    for scene in play.scenes:
        yield from _scene(scene, len(play.places) - 1)
    if play.places:
        for stop in play.stops:
            yield f"Note over {_all(len(play.places) - 1)}: ❌ {said(stop)}"


def _all(last: int) -> str:
    return f"p0,p{last}" if last else "p0"


def _scene(scene: Scene, last: int) -> Iterator[str]:
    match scene:
        case Pause(text=text):
            yield f"Note over {_all(last)}: {said(text)}"
        case Note(at=at, kind=kind, text=text, tone=tone):
            yield f"Note over p{at}: {_MARKS.get(tone, '')}{said(kind)}<br/>{said(text)}"
        case Message(source=a, target=b, text=text, answer=answer, lost=True):
            yield f"p{a}-xp{b}: {said(text)}<br/>❌ {said(answer)}"
        case Message(source=a, target=b, text=text, answer=answer, tone=tone):
            yield f"p{a}->>p{b}: {said(text)}"
            if answer:
                yield f"p{b}-->>p{a}: {_MARKS.get(tone, '')}{said(answer)}"
