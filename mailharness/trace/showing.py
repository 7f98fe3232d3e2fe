"""What a trace can be shown as: pictures for people, values for programs. Nothing here writes a file."""

from typing import Any

from mailharness.trace.reading import Reading


class Showing:
    """The forms of a story, mixed into the trace. Each reads once; the text for a terminal is ``str(trace)``."""

    def _read(self) -> Reading:
        raise NotImplementedError

    def svg(self) -> str:
        """The story as an SVG document that stands alone: a column for each person and machine, time going down, the stop
        in red; light or dark as the reader has it."""
        from mailharness.trace.scenes import play
        from mailharness.trace.sequence import sequence

        reading = self._read()
        return sequence(play(reading), reading.diagram)

    def html(self) -> str:
        """The story as an HTML document that stands alone and needs no script: the picture, each step, transcripts, each
        host's message and what it changed."""
        from mailharness.trace.webpage import webpage

        return webpage(self._read())

    def mermaid(self) -> str:
        """The story as the source of a Mermaid sequence diagram."""
        from mailharness.trace.mermaid import mermaid
        from mailharness.trace.scenes import play

        return mermaid(play(self._read()))

    def as_dict(self) -> dict[str, Any]:
        """The story as plain values, as ``trace.schema.json`` beside this module describes them."""
        from mailharness.trace.record import record

        return record(self._read())

    def to_json(self, *, indent: int | None = 2) -> str:
        """The same as JSON text."""
        import json  # loaded where it is wanted

        return json.dumps(self.as_dict(), indent=indent)
