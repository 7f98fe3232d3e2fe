"""How a fault tells which call made it: every function of a family is registered, and marks what it returns."""

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ParamSpec, Unpack

from mailharness.errors import MisuseError
from mailharness.faults.fault import Fault, Judge
from mailharness.faults.selection import EVERY, Selection, Words
from mailharness.trace.events import Event

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Spec:
    """``family.function`` and the arguments that differ from what is so without them."""

    function: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Registered:
    """One function of a family: ``make`` it is called by, ``keywords`` it knows, and the one that takes any number."""

    make: Callable[..., Fault]
    keywords: tuple[str, ...]
    any_number: str = ""

    def __call__(self, arguments: Mapping[str, Any]) -> Fault:
        """The fault that these arguments describe, all given by name. Raises MisuseError for wrong ones."""
        if not self.any_number:
            return self.make(**arguments)
        named = dict(arguments)
        any_number = named.pop(self.any_number, ())
        before = self.keywords[: self.keywords.index(self.any_number)]
        for key in before:
            if key not in named:
                raise MisuseError(f"{key} is missing")
        return self.make(*[named.pop(key) for key in before], *any_number, **named)


REGISTRY: dict[str, Registered] = {}
"""Every function that makes a fault, by ``family.function``."""


def told(family: str) -> Callable[[Callable[P, Fault]], Callable[P, Fault]]:
    """A function of ``family``: its faults bear the call that made them, its wrong keywords are MisuseErrors."""

    def register(make: Callable[P, Fault]) -> Callable[P, Fault]:
        name, signature = f"{family}.{make.__name__}", inspect.signature(make)
        keywords, any_number = _keywords(make, signature)

        @functools.wraps(make)
        def telling(*args: P.args, **kwargs: P.kwargs) -> Fault:
            for key in kwargs:
                if key not in keywords:
                    raise MisuseError.unknown(f"argument of faults.{name}:", key, keywords)
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError as error:
                raise MisuseError(f"faults.{name}: {error}; its arguments are {', '.join(keywords)}") from None
            given = _given(bound)
            _check_data(name, given)
            try:
                fault = make(*args, **kwargs)
            except (TypeError, AttributeError) as error:
                raise MisuseError(f"a value of the wrong kind for faults.{name}: {error}") from None
            return replace(fault, spec=Spec(name, given))

        REGISTRY[name] = Registered(telling, keywords, any_number)
        return telling

    return register


def _keywords(make: Callable[..., Fault], signature: inspect.Signature) -> tuple[tuple[str, ...], str]:
    names: list[str] = []
    any_number = ""
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            (words,) = typing.get_args(typing.get_type_hints(make)[name])
            names += words.__annotations__
        else:
            names.append(name)
            any_number = name if parameter.kind is parameter.VAR_POSITIONAL else any_number
    return tuple(names), any_number


def _given(bound: inspect.BoundArguments) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        parameter = bound.signature.parameters[name]
        if parameter.kind is parameter.VAR_KEYWORD:
            given |= value
        elif value != parameter.default:
            given[name] = value
    return {name: value for name, value in given.items() if value is not None and not (name == "optional" and not value)}


def _check_data(name: str, given: Mapping[str, Any]) -> None:
    """Raise MisuseError for what a plan could not hold, as a user or a host of a running world."""
    for key, value in given.items():
        for one in value if isinstance(value, tuple) else (value,):
            if not isinstance(one, str | int | float | datetime):
                raise MisuseError(f"faults.{name}({key}={one!r}): write its name or a number, as in 'bob@b.test'")


def breaking(
    name: str,
    judge: Judge,
    *hosts: str,
    answering: str = "",
    hears: tuple[type[Event], ...] = (),
    servers: tuple[str, ...] = (),
    **which: Unpack[Words],
) -> Fault:
    """The fault ``name`` at these ``hosts`` ("*" is none), for the events that ``which`` means; what ``name`` does
    not say of those is added to it."""
    times, optional = which.pop("times", None), which.pop("optional", False)
    words: dict[str, Any] = {key: value for key, value in which.items() if value is not None}
    when = Selection(answering=answering, **words) if words or answering else EVERY
    shown = "".join(f", {key}={value}" for key, value in words.items() if key != "seed" and str(value) not in name)
    named = tuple(host for host in hosts if host != "*")
    return Fault(name + shown, judge, times, named, optional, servers, when, hears)
