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


@functools.lru_cache(maxsize=512)
def _server_context(name: str, address: str) -> ssl.SSLContext:
    """The server context of a host of that name and address, the same in every world of the process."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    today = datetime.datetime.fromtimestamp(real_now(), datetime.UTC)
    five_years = datetime.timedelta(days=5 * 365)
    issued = _authority().issue_cert(
        name.lower(), address, not_before=today - five_years, not_after=today + five_years, common_name=name[:64]
    )
    issued.configure_cert(context)
    return context


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

    def server(self, name: str, address: str) -> ssl.SSLContext:
        """The server context of a host; its certificate names both, and is made at the first call."""
        return _server_context(name, address)

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
