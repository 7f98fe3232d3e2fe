"""A filter for phishing: link text that names one site on a link that leads to another."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import unquote, urljoin, urlsplit

from mailharness.agents.filters.action import Action, checked_action, take
from mailharness.agents.filters.arrival import Arrival
from mailharness.agents.filters.verdict import FilterVerdict

_REPLY = "550 5.7.1 A link names another site than it leads to"
_WEB = frozenset({"", "http", "https", "ftp"})
_BLANKS = "".join(map(chr, range(0x21)))
_DROPPED = {ord(each): None for each in "\t\r\n"}
_SLASHES = re.compile(r"\A(https?|ftp):/*", re.IGNORECASE)
_SHOWN_URL = re.compile(r"(?:\b(?:https?|ftp)://|\bwww\.(?=\w))[^\s/\\?#,;!<>\"'()\[\]]+", re.IGNORECASE)
_SHOWN_DOMAIN = re.compile(
    r"(?:[\w-]{1,63}\.)+(?P<top>xn--[a-z0-9-]+|[^\W\d_]{2,63})\.?(?P<rest>:\d{1,5})?(?P<path>[/?#]\S*)?", re.IGNORECASE
)
_FILE_ENDINGS = frozenset(
    "bmp csv css doc docx eml exe gif gz htm html ics jpeg jpg js json log mp3 mp4 odt pdf php png ppt pptx py rtf svg tar "
    "tif txt vcf wav xls xlsx xml zip".split()
)
"""Last labels by which ``report.pdf`` reads as a file rather than as a site."""
_SHARED_LABELS = frozenset({"ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"})
"""Second labels that registries of countries hand names out under, as in ``acme.co.uk``."""


@dataclass(frozen=True, slots=True)
class DeceptiveLinks:
    """Finds links whose text reads as a URL or a domain of another site than their target's."""

    name: ClassVar[str] = "deceptive_links"
    action: Action

    def __call__(self, arrival: Arrival) -> FilterVerdict | None:
        for reading in arrival.readings:
            for link in reading.links:
                target = target_host(link.href, reading.base)
                shown = next(_others(link.text, target), None)
                if shown:
                    return take(self.action, self.name, f"a link says {shown} and leads to {target}", _REPLY)
        return None


def deceptive_links(action: Action = "quarantine") -> DeceptiveLinks:
    """A filter for HTML links whose visible text is, or contains, the URL of another site than they lead to.

    Sites are the same where their registrable domains are, as far as that can be told without a list of registries:
    ``www.acme.test`` and ``login.acme.test`` are one, ``acme.co.uk`` and ``bank.co.uk`` are two.
    """
    return DeceptiveLinks(checked_action("deceptive_links", action))


def target_host(href: str, base: str = "") -> str:
    """The host that a click on ``href`` asks, decoded; empty where there is none (``mailto:``, ``#top``, broken)."""
    try:
        parts = urlsplit(urljoin(_as_browsers_read(base), _as_browsers_read(href)))
        return decoded_host(unquote(parts.hostname or "")) if parts.scheme in _WEB else ""
    except ValueError:
        return ""


def shown_hosts(text: str) -> Iterator[str]:
    """The hosts that ``text`` shows: of the URLs in it, or of the one domain that it consists of."""
    text = text.strip(" .,;:!?\"'()<>[]«»“”")
    urls = _SHOWN_URL.findall(text)
    if not urls:
        match = _SHOWN_DOMAIN.fullmatch(text)
        is_file = match and match["top"].lower() in _FILE_ENDINGS and not (match["rest"] or match["path"])
        urls = [text] if match and not is_file else []
    for url in urls:
        host = target_host(url if "://" in url else f"http://{url}")
        if host:
            yield host


def decoded_host(host: str) -> str:
    """``host`` in lower case, each label that is Punycode (RFC 3492) in its own letters, without a final dot."""
    normal = unicodedata.normalize("NFKC", host).lower().replace("。", ".").rstrip(".")
    return ".".join(map(_decoded_label, normal.split(".")))


def same_site(one: str, other: str) -> bool:
    """Whether two decoded hosts belong to one site."""
    return _site(one) == _site(other)


def _others(text: str, target: str) -> Iterator[str]:
    """The hosts shown in ``text`` that are of another site; none where ``target`` is none, or is shown as well."""
    shown = list(shown_hosts(text)) if target else []
    if not any(same_site(host, target) for host in shown):
        yield from shown


def _as_browsers_read(url: str) -> str:
    """``url`` as browsers mend it: no blanks around it, none or too many or wrong slashes after the scheme."""
    return _SLASHES.sub(r"\1://", url.strip(_BLANKS).translate(_DROPPED).replace("\\", "/"))


def _decoded_label(label: str) -> str:
    try:
        return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label


def _site(host: str) -> str:
    """The registrable domain of ``host``, guessed; an IP address is its own."""
    labels = host.split(".")
    if ":" in host or labels[-1].isdecimal():
        return host
    under_country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SHARED_LABELS
    return ".".join(labels[-3:] if under_country else labels[-2:])
