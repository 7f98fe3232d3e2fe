"""What a host's description says of its SMTP server, checked and brought into one form."""

from collections.abc import Callable, Collection, Iterable, Mapping
from ipaddress import ip_network
from typing import Any

from mailharness.errors import MisuseError
from mailharness.mail.sasl import MECHANISMS
from mailharness.smtp.extensions import EXTENSIONS, LIMIT_NAMES
from mailharness.smtp.smuggling import VARIANTS
from mailharness.world.checks import Rule, check, listed


def names(key: str, what: str, known: Collection[str], example: str) -> Callable[[str, object], tuple[str, ...]]:
    """Reads a list of names out of ``known``, in any case, each once. Raises MisuseError with the nearest match."""
    rule = listed(str, cure=f"a list, as in {key}=[{example!r}]")
    spelt = {name.lower(): name for name in known}

    def read(call: str, given: object) -> tuple[str, ...]:
        check(call, {key: rule}, **{key: given})
        assert isinstance(given, Iterable)
        for name in given:
            if name.lower() not in spelt:
                raise MisuseError.unknown(f"{what} in {call}, {key}=...:", name, known)
        return tuple(dict.fromkeys(spelt[name.lower()] for name in given))

    return read


_variants = names("smuggling", "variant", VARIANTS, "bare-lf")


def _one_or_more_variants(call: str, given: object) -> tuple[str, ...]:
    return _variants(call, [given] if isinstance(given, str) else given)


_LIMITS = Rule(
    lambda limits: isinstance(limits, Mapping) and all(type(number) is int and number > 0 for number in limits.values()),
    "write a table of whole numbers from 1 on, as in limits={'RCPTMAX': 10}",
)


def _limits(call: str, given: Any) -> Mapping[str, int]:
    check(call, {"limits": _LIMITS}, limits=given)
    for name in given:
        if str(name).upper() not in LIMIT_NAMES:
            raise MisuseError.unknown(f"limit in {call}, limits=...:", name, LIMIT_NAMES)
    return {str(name).upper(): number for name, number in given.items()}


_TRUSTED = listed(str, cure="a list of networks, as in trusted=['127.0.0.0/8']")


def _networks(call: str, given: Any) -> tuple[str, ...]:
    check(call, {"trusted": _TRUSTED}, trusted=given)
    try:
        return tuple(str(ip_network(network)) for network in given)
    except ValueError as error:
        raise MisuseError(f"{call}, trusted=...: {error}; write networks, as in trusted=['127.0.0.0/8']") from None


RECEIVING: Mapping[str, Callable[[str, Any], Any]] = {
    "hide": names("hide", "extension", EXTENSIONS, "STARTTLS"),
    "auth": names("auth", "mechanism", MECHANISMS, "PLAIN"),
    "limits": _limits,
    "trusted": _networks,
    "smuggling": _one_or_more_variants,
}
"""By argument of Host: what makes the one form of what was given, or raises MisuseError."""


def check_proxy(call: str, proxy: bool, trusted: Collection[str]) -> None:
    """Raise MisuseError where nobody may send the header that everybody has to."""
    if proxy and not trusted:
        raise MisuseError(f"{call}, proxy=True: say where the proxy is, as in trusted=['127.0.0.0/8']")
