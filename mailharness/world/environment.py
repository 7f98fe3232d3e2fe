"""What a program is told by its environment: servers, credentials and whom to trust, under the names that programs read."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from mailharness.agents.behaviours import find_personality
from mailharness.errors import MisuseError
from mailharness.net.plan import TLS_DOORS, Door
from mailharness.world.running_host import SERVICES, Endpoint
from mailharness.world.site import Site
from mailharness.world.user import User

NAMES: Mapping[str, str] = {
    "host of submission": "SMTP_HOST SMTP_SERVER EMAIL_HOST MAIL_HOST MAIL_SERVER",
    "its port": "SMTP_PORT EMAIL_PORT MAIL_PORT",
    "user's address": "SMTP_USERNAME SMTP_USER EMAIL_HOST_USER MAIL_USERNAME IMAP_USERNAME IMAP_USER "
    "POP3_USERNAME POP3_USER MAILHARNESS_USER",
    "password": "SMTP_PASSWORD SMTP_PASS EMAIL_HOST_PASSWORD MAIL_PASSWORD IMAP_PASSWORD IMAP_PASS POP3_PASSWORD POP3_PASS "
    "MAILHARNESS_PASSWORD",
    "sender, the same address": "SMTP_FROM EMAIL_FROM MAIL_FROM MAIL_FROM_ADDRESS MAIL_DEFAULT_SENDER DEFAULT_FROM_EMAIL",
    "`true` where STARTTLS is offered; else it is not set": "SMTP_STARTTLS EMAIL_USE_TLS MAIL_USE_TLS",
    "all of it, as `smtp://user:password@host:port`": "SMTP_URL MAILER_DSN",
    "the same, as `smtp+tls://...`": "EMAIL_URL",
    "host of IMAP": "IMAP_HOST IMAP_SERVER",
    "ports of IMAP, without TLS and with": "IMAP_PORT IMAPS_PORT",
    "host of POP3": "POP3_HOST POP3_SERVER",
    "ports of POP3, without TLS and with": "POP3_PORT POP3S_PORT",
    "`host:port` of each endpoint": "MAILHARNESS_SMTP MAILHARNESS_SUBMISSION MAILHARNESS_SUBMISSIONS MAILHARNESS_IMAP "
    "MAILHARNESS_IMAPS MAILHARNESS_POP3 MAILHARNESS_POP3S MAILHARNESS_LMTP",
    "`host:port` of the resolver": "MAILHARNESS_RESOLVER",
    "file of the authority": "SSL_CERT_FILE NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO "
    "AWS_CA_BUNDLE PERL_LWP_SSL_CA_FILE DENO_CERT MAILHARNESS_CA_FILE",
}
"""What is told, and the variables that say it."""
_OF_A_USER = ("user's address", "password", "sender, the same address")


def environment(site: Site, user: User | None, ca_file: Path, resolver: Endpoint) -> dict[str, str]:
    """The variables for a program that is at home in ``site``; without a ``user`` none that tell of one."""
    doors = dict(_endpoints(site))
    told = {"`host:port` of the resolver": _place(resolver), "file of the authority": str(ca_file)}
    if user is not None:
        told |= dict(zip(_OF_A_USER, (str(user), user.password, str(user)), strict=True))
    if Door.SUBMISSION in doors:
        told |= _submission(site, user, doors[Door.SUBMISSION])
    found = {name: value for what, value in told.items() for name in NAMES[what].split()}
    for door, endpoint in doors.items():
        found[f"MAILHARNESS_{door.name}"] = _place(endpoint)
        if door.name.rstrip("S") in ("IMAP", "POP3"):
            found[f"{door.name}_PORT"] = str(endpoint.port)
            if door not in TLS_DOORS:
                found |= dict.fromkeys(NAMES[f"host of {door.name}"].split(), endpoint.host)
    return found


def _submission(site: Site, user: User | None, door: Endpoint) -> dict[str, str]:
    described = site.domain.describe(site.roles.submission[0])
    tls = "STARTTLS" not in {*described.hide, *find_personality(described.personality).hides}
    login = f"{quote(str(user), safe='')}:{quote(user.password, safe='')}@" if user is not None else ""
    secured = {"`true` where STARTTLS is offered; else it is not set": "true"} if tls else {}
    return secured | {
        "host of submission": door.host,
        "its port": str(door.port),
        "all of it, as `smtp://user:password@host:port`": f"smtp://{login}{_place(door)}",
        "the same, as `smtp+tls://...`": f"smtp{'+tls' * tls}://{login}{_place(door)}",
    }


def _endpoints(site: Site) -> Iterator[tuple[Door, Endpoint]]:
    """Of all services that the domain has."""
    for door, service in SERVICES.items():
        if door is not Door.DNS:
            try:
                yield door, getattr(site, service)
            except (MisuseError, IndexError):
                continue


def _place(endpoint: Endpoint) -> str:
    return f"{endpoint.host}:{endpoint.port}"
