"""Plans: faults as data, written to TOML and read again, so that what broke a world once can break it again.

    [[fault]]
    fault = "smtp.reply"
    host = "mx1.b.test"
    command = "RCPT"
    text = "451 4.7.1 later"
    times = 2

``faults.to_toml(faults)`` writes them, ``faults.from_toml(text)`` and ``faults.read_plan(path)`` read them. Of faults that
are armed the seeds are written too, so that a plan with a ``probability`` is drawn alike in any world.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mailharness.errors import MisuseError
from mailharness.faults.fault import Armed, Fault
from mailharness.faults.spec import REGISTRY, Spec
from mailharness.mail.toml import toml_value


def to_toml(faults: Iterable[Fault | Armed]) -> str:
    """The plan of these faults, in their order. Raises MisuseError for one with a judge of your own, which is no data."""
    return "\n".join(_table(_spec(one)) for one in faults)


def describe(faults: Iterable[Armed]) -> str:
    """The plan of these faults, for people too: each kind once, and one that is no data as a comment."""
    return "\n".join(dict.fromkeys(map(_table_or_comment, faults)))


def _table_or_comment(one: Armed) -> str:
    try:
        return _table(_spec(one))
    except MisuseError as error:
        return f"# {error}\n"


def from_toml(text: str) -> tuple[Fault, ...]:
    """The faults of a plan. Raises MisuseError for what is no TOML, an unknown function or argument, or a wrong value."""
    return _read(text, "the plan")


def read_plan(path: str | Path) -> tuple[Fault, ...]:
    """The faults of a plan in a file: ``world.fault(*faults.read_plan("plan.toml"))``. Raises MisuseError likewise."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MisuseError(f"{path}: {error}") from None
    return _read(text, str(path))


def _spec(one: Fault | Armed) -> Spec:
    fault = one.fault if isinstance(one, Armed) else one
    if fault.spec is None:
        raise MisuseError(
            f"'{fault}' has a judge of its own, which cannot be written; a plan holds what mailharness.faults makes"
        )
    if isinstance(one, Armed) and fault.when.probability is not None:
        return Spec(fault.spec.function, {**fault.spec.arguments, "seed": one.seed})
    return fault.spec


def _table(spec: Spec) -> str:
    lines = ["[[fault]]", f"fault = {toml_value(spec.function)}"]
    lines += [f"{key} = {toml_value(value)}" for key, value in spec.arguments.items()]
    return "\n".join(lines) + "\n"


def _read(text: str, where: str) -> tuple[Fault, ...]:
    import tomllib  # loaded where it is wanted

    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MisuseError(f"{where}: {error}") from None
    for key in tables:
        if key != "fault":
            raise MisuseError.unknown(f"key in {where}:", key, ("fault",))
    entries = tables.get("fault", [])
    if not isinstance(entries, list):
        raise MisuseError(f"{where}: write [[fault]] in two brackets above each fault")
    return tuple(_fault(entry, f"{where}, fault {n}") for n, entry in enumerate(entries, 1))


def _fault(entry: Mapping[str, Any], where: str) -> Fault:
    arguments = dict(entry)
    function = arguments.pop("fault", None)
    registered = REGISTRY.get(function) if isinstance(function, str) else None
    if registered is None:
        raise MisuseError.unknown(f"kind of fault in {where}:", function or "", REGISTRY)
    for key in arguments:
        if key not in registered.keywords:
            raise MisuseError.unknown(f"argument of {function} in {where}:", key, registered.keywords)
    try:
        return registered(arguments)
    except MisuseError as error:
        raise MisuseError(f"{where}: {error}") from None
    except (TypeError, AttributeError, ValueError) as error:
        raise MisuseError(f"{where}: a value of the wrong kind: {error}") from None
