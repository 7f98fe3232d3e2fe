"""Markup: elements of SVG and HTML with whatever text in them, and the page that a picture stands on."""

import html
import re
from collections.abc import Iterable

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HIDDEN = re.compile("[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2933; --soft: #52606d; --edge: #d5dbe1; --tint: #f5f7fa;
  --good: #15803d; --bad: #b91c1c; --wait: #92400e; --plain: #1d4ed8; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e4e7eb; --soft: #a3adb8; --edge: #36404b; --tint: #1d232a;
    --good: #4ade80; --bad: #f87171; --wait: #fbbf24; --plain: #7aa2f7; } }
body { margin: 0 auto; padding: 1.5rem; max-width: 96rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.35rem; line-height: 1.3; overflow-wrap: anywhere; margin: 0 0 .75rem; }
h2 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p { overflow-wrap: anywhere; }
.picture { overflow-x: auto; border: 1px solid var(--edge); border-radius: 8px; }
.picture svg { display: block; margin: 0 auto; }
.good { color: var(--good); } .bad { color: var(--bad); } .wait { color: var(--wait); } .plain { color: var(--plain); }
.stop { border-left: 4px solid var(--bad); padding: .4rem .8rem; background: var(--tint); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--edge);
  overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td.name { min-width: 12rem; } td.word { white-space: nowrap; }
td.number { white-space: nowrap; font-variant-numeric: tabular-nums; color: var(--soft); }
details { border: 1px solid var(--edge); border-radius: 6px; margin: .4rem 0; background: var(--tint); }
summary { cursor: pointer; padding: .4rem .8rem; overflow-wrap: anywhere; }
td details { border: 0; margin: 0; background: none; } td summary { padding: 0; color: var(--soft); }
pre { margin: 0; padding: .6rem .8rem; overflow-x: auto; font: 12.5px/1.45 ui-monospace, Menlo, Consolas, monospace; }
ins { color: var(--good); text-decoration: none; } del { color: var(--bad); text-decoration: none; }
a { color: var(--plain); } footer { margin-top: 2rem; color: var(--soft); font-size: .85rem; }
@media print { body { max-width: none; } .picture { overflow: visible; } }
"""


def legible(text: str) -> str:
    """``text`` with what XML cannot hold, and what would turn its direction or hide it, as U+FFFD."""
    return _HIDDEN.sub("\ufffd", _ILLEGAL.sub("\ufffd", text))


def element(tag: str, *inside: str, text: str | None = None, **attributes: object) -> str:
    """``<tag attribute="value">`` around markup, or around ``text``, which is escaped. ``class_`` is class, and an
    underscore inside a name a hyphen; attributes that are None are left out."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(legible(_value(value)))}"'
        for name, value in attributes.items()
        if value is not None
    )
    content = "".join(inside) if text is None else html.escape(legible(text), quote=False)
    return f"<{tag}{written}>{content}</{tag}>"


def _value(value: object) -> str:
    return f"{round(value, 2):g}" if isinstance(value, float) else str(value)


def details(summary: str, *inside: str, is_open: bool = False) -> str:
    """What a reader may open, or close, without a script."""
    return element("details", element("summary", text=summary), *inside, open="" if is_open else None)


def page(title: str, body: Iterable[str]) -> str:
    """A whole HTML document: its own style, light or dark as the reader has it; no script, nothing to load."""
    head = element("meta", name="viewport", content="width=device-width, initial-scale=1").replace("</meta>", "")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    safe = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    heading = f'<head><meta charset="utf-8">{head}{safe}{element("title", text=title)}<style>{_STYLE}</style></head>'
    return f'<!DOCTYPE html>\n<html lang="en">{heading}\n<body>\n{chr(10).join(body)}\n</body></html>\n'
