"""Drawing: text set into boxes, shapes as SVG, a page of HTML around them, Mermaid; nothing here knows of mail.

What comes out needs no script, no font of its own and no other file. Any text is safe in it, whatever it holds.
"""

from mailharness.drawing.lettering import fit, shorten, width
from mailharness.drawing.markup import details, element, legible, page
from mailharness.drawing.mermaid import said
from mailharness.drawing.svg import Picture, Tone

__all__ = ["Picture", "Tone", "details", "element", "fit", "legible", "page", "said", "shorten", "width"]
