"""The tables of the README that say what there is: made from the library, so that they cannot fall behind it.

Run me to write them anew: ``python -m tests.readme.tables``.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping

from mailharness import Account, Domain, Host
from mailharness.faults.spec import REGISTRY, Registered
from mailharness.world.environment import NAMES
from tests.house.tree import ROOT

README = ROOT / "README.md"
DESCRIPTIONS = {"Domain": Domain, "Host": Host, "Account": Account}
_ORDER = ("smtp", "imap", "pop3", "network", "tls", "storage", "dns")


def first_sentence(docstring: str) -> str:
    """Of a docstring in reStructuredText, as Markdown in a cell."""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    return paragraph.partition(". ")[0].removesuffix(".").replace("``", "`").replace("|", "\\|")


def arguments(fault: Registered) -> str:
    """Those that are the function's own, as they are written in a call; the words that all share are left out."""
    return ", ".join(_arguments(inspect.signature(fault.make)))


def _arguments(signature: inspect.Signature) -> Iterator[str]:
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            yield f"*{name}"
        elif parameter.kind is not parameter.VAR_KEYWORD:
            is_given = parameter.default is parameter.empty or not isinstance(parameter.default, str | int)
            yield name if is_given else f"{name}={parameter.default!r}"


def faults() -> str:
    """A row for each function of ``mailharness.faults``, family by family."""
    rows = []
    for name in sorted(REGISTRY, key=lambda name: _ORDER.index(name.partition(".")[0])):
        fault = REGISTRY[name]
        rows.append(f"| `{name}({arguments(fault)})` | {first_sentence(fault.make.__doc__ or '')} |")
    return "\n".join(["| `faults.` | what happens |", "|---|---|", *rows])


def keywords() -> dict[str, list[str]]:
    """By keyword, the descriptions that have it: ``{"retry": ["Domain", "Host"]}``."""
    found: dict[str, list[str]] = {}
    for name, what in DESCRIPTIONS.items():
        for keyword in inspect.signature(what).parameters:
            found.setdefault(keyword, []).append(name)
    return found


def environment() -> str:
    """What ``world.env()`` tells, and by which variables."""
    rows = [f"| {what} | {' '.join(f'`{name}`' for name in names.split())} |" for what, names in NAMES.items()]
    return "\n".join(["| what | variables |", "|---|---|", *rows])


TABLES: Mapping[str, Callable[[], str]] = {"faults": faults, "environment": environment}
"""By the name in the markers, ``<!-- faults:start -->`` and ``<!-- faults:end -->``."""


def marked(name: str, text: str) -> re.Match[str]:
    """What stands between the markers of a table, without the line breaks. Raises ValueError where they are missing."""
    found = re.search(rf"(?<=<!-- {name}:start -->\n).*?(?=\n<!-- {name}:end -->)", text, re.DOTALL)
    if found is None:
        raise ValueError(f"{name}: no place is marked for this table")
    return found


def main() -> None:
    text = README.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        place = marked(name, text)
        text = text[: place.start()] + table() + text[place.end() :]
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
