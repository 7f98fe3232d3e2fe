"""Rules of accounts in a scenario file: a table each, what is done and when.

[[domain.users.filters]]
file_into = "Lists/team"
header = "List-Id"
contains = "team"
"""

from collections.abc import Callable, Mapping
from typing import Any

from mailharness.errors import MisuseError
from mailharness.mailbox import conditions, rules
from mailharness.mailbox.rules import Rule

_DOES: Mapping[str, Callable[[Any, Any, str], Rule]] = {
    "file_into": lambda given, when, name: rules.file_into(given, when=when, name=name),
    "flag": lambda given, when, name: rules.flag(*_several(given), when=when, name=name),
    "forward": lambda given, when, name: rules.forward(*_several(given), when=when, name=name),
    "vacation": lambda given, when, name: rules.vacation(given, when=when, name=name),
    "discard": lambda _given, when, name: rules.discard(when=when, name=name),
    "keep": lambda _given, when, name: rules.keep(when=when, name=name),
    "stop": lambda _given, when, name: rules.stop(when=when, name=name),
}
"""What is done, by its key."""
_TEXTS = {"is": "is_", "contains": "contains", "matches": "matches"}
_WHEN: Mapping[str, Callable[[Any, Mapping[str, Any]], rules.Condition]] = {
    "header": lambda given, texts: rules.header(given, **texts),
    "sender": lambda _given, texts: rules.sender(**texts),
    "recipient": lambda _given, texts: rules.recipient(**texts),
    "larger_than": lambda given, _texts: rules.larger_than(given),
}
"""What is asked, by its key; ``sender`` and ``recipient`` are written ``sender = true``."""


def read_rule(value: object, where: str) -> Rule:
    """The rule that a table describes. Raises MisuseError for a key that is not known, or none or two of a kind."""
    if not isinstance(value, dict):
        raise MisuseError(f"{where}: {value!r} is not a table")
    for key in value:
        if key not in {*_DOES, *_TEXTS, *_WHEN, "name"}:
            raise MisuseError.unknown(f"key in {where}:", key, [*_DOES, *_TEXTS, *_WHEN, "name"])
    does, asks = [key for key in value if key in _DOES], [key for key in value if key in _WHEN]
    if len(does) != 1 or len(asks) > 1:
        raise MisuseError(f"{where}: write one of {', '.join(_DOES)}, and at most one of {', '.join(_WHEN)}")
    texts = {name: value[key] for key, name in _TEXTS.items() if key in value}
    when = _WHEN[asks[0]](value[asks[0]], texts) if asks else None
    return _DOES[does[0]](value[does[0]], when, value.get("name", ""))


def _several(given: object) -> list[Any]:
    return list(given) if isinstance(given, list) else [given]


def rule_table(rule: Rule) -> dict[str, Any]:
    """The table of a rule, as ``read_rule`` reads it. Raises ValueError where there is none: for a function, or more than
    one thing to do or to ask."""
    if not isinstance(rule, Rule) or len(rule.actions) != 1:
        raise ValueError
    does = _done(rule.actions[0])
    asks = {} if rule.when is None else _asked(rule.when)
    return {**does, **asks, **({"name": rule.name} if rule.name else {})}


def _done(action: rules.Action) -> dict[str, Any]:
    match action:
        case rules.FileInto(mailbox=mailbox):
            return {"file_into": mailbox}
        case rules.Flag(flags=flags):
            return {"flag": list(flags)}
        case rules.Forward(to=to):
            return {"forward": list(map(str, to))}
        case rules.Vacation(text=text):
            return {"vacation": text}
    return {type(action).__name__.lower(): True}


def _asked(when: conditions.Test) -> dict[str, Any]:
    match when:
        case conditions.Header(name=name, text=text):
            return {"header": name, **_texts(text)}
        case conditions.Party(part=part, text=text):
            return {part: True, **_texts(text)}
        case conditions.LargerThan(octets=octets):
            return {"larger_than": octets}
    raise ValueError


def _texts(text: conditions.Text) -> dict[str, str]:
    return {key: getattr(text, name) for key, name in _TEXTS.items() if getattr(text, name) is not None}
