"""TLS: one certificate authority a process, one certificate a host, made when first needed.

Certificates are valid for ten years around the real date, since OpenSSL judges by the real clock: a certificate that
has expired is a fault to be asked for, and never comes of ``advance()``.
"""

import datetime
import functools
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mailharness.clock import real_now

if TYPE_CHECKING:
    import trustme


_authorities: "dict[str, trustme.CA]" = {}


def _authority() -> "trustme.CA":
    """The process's own. Two threads may make one at a time: the first that is kept is everybody's."""
    if "own" not in _authorities:
        import trustme  # 0.1 s to import: only for who speaks TLS

        _authorities.setdefault("own", trustme.CA(organization_name="mailharness"))
    return _authorities["own"]


def ca_certificate() -> bytes:
    """The certificate of the process's own authority, PEM."""
    return _authority().cert_pem.bytes()


_YEARS = datetime.timedelta(days=5 * 365)
_DAY = datetime.timedelta(days=1)
_VALIDITY = {"expired": (-_YEARS, -_DAY), "not yet valid": (_DAY, _YEARS)}
"""From when until when a certificate is valid, seen from today, where a fault makes it another one."""
_WRONG_NAME = "wrong-name.invalid"


@functools.lru_cache(maxsize=512)
def _server_context(name: str, address: str, fault: str = "") -> ssl.SSLContext:
    """The server context of a host of that name and address, the same in every world of the process; with a ``fault``
    ("expired", "wrong name"...) one that no careful client takes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    names = (_WRONG_NAME,) if fault == "wrong name" else (name.lower(), address)
    begins, ends = _VALIDITY.get(fault, (-_YEARS, _YEARS))
    today = datetime.datetime.fromtimestamp(real_now(), datetime.UTC)
    issued = _issuer(fault).issue_cert(*names, not_before=today + begins, not_after=today + ends, common_name=names[0][:64])
    issued.configure_cert(context)
    context.num_tickets = 0  # a tenth of a handshake, for a resumption that no mail program comes back for
    return context


def _issuer(fault: str) -> "trustme.CA":
    """The process's own authority; for an "unknown ca" one that nobody has heard of."""
    if fault != "unknown ca":
        return _authority()
    import trustme

    return trustme.CA(organization_name="nobody knows me")


@functools.cache
def _self_signed() -> ssl.SSLContext:
    """A server context whose certificate vouches for itself."""
    import trustme

    context, own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), trustme.CA(organization_name="take my word for it")
    with own.cert_pem.tempfile() as certificate, own.private_key_pem.tempfile() as key:
        context.load_cert_chain(certificate, key)
    return context


@functools.cache
def broken() -> ssl.SSLContext:
    """A server context without any certificate: every handshake with it fails."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


@functools.cache
def opportunistic() -> ssl.SSLContext:
    """A client context that encrypts and verifies nothing, as between MTAs (RFC 7435 §3)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Certificates:
    """What the hosts of one world show, and what their clients need to trust them."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def server(self, name: str, address: str, fault: str = "") -> ssl.SSLContext:
        """The server context of a host; its certificate names both, and is made at the first call. A ``fault`` is one of
        ``trace.events.CERTIFICATES``."""
        return _self_signed() if fault == "self-signed" else _server_context(name, address, fault)

    def client(self) -> ssl.SSLContext:
        """A client context that trusts this process's authority and checks names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=ca_certificate().decode("ascii"))
        return context

    def ca_file(self) -> Path:
        """The authority's certificate as a file, for programs that are told one; removed by ``close``."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="mailharness-")
            (Path(self._folder.name) / "ca.pem").write_bytes(ca_certificate())
        return Path(self._folder.name) / "ca.pem"

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
