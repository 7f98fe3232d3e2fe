"""The directory of a running world: where everything listens, who lives there, and commands to copy."""

import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from mailharness import __version__
from mailharness.mail import Address
from mailharness.mail.address import ascii_form
from mailharness.world import Domain, Endpoint, RunningHost, Site, User, World
from mailharness.world.running_host import SERVICES


def describe(world: World) -> dict[str, Any]:
    """All of it as values for JSON."""
    return {
        "mailharness": __version__,
        "resolver": _endpoint(world.resolver.endpoint),
        "root_nameserver": _endpoint(world.root_nameserver),
        "ca_file": str(world.ca_file),
        "domains": [_domain(world, site) for site in world],
        "try": commands(world),
    }


def _domain(world: World, site: Site) -> dict[str, Any]:
    users = [user for user in world.users if user.address.domain.lower() == site.name.lower()]
    return {
        "name": site.name,
        "endpoints": {service: _endpoint(getattr(site, service)) for service in SERVICES.values()},
        "hosts": [_host(host, external=site.domain.describe(host.name).external) for host in site.hosts.values()],
        "users": [{"address": str(user.address), "password": user.password} for user in users],
        "names": list(_names(site.domain)),
    }


def _host(host: RunningHost, *, external: bool) -> dict[str, Any]:
    services = {name: _port(host, name) for door, name in SERVICES.items() if door in host.doors}
    return {"name": host.name, "address": host.address, "ports": services, "external": external}


def _names(domain: Domain) -> Iterator[dict[str, Any]]:
    """The addresses that stand for others."""
    for name, to in domain.aliases.items():
        yield {"kind": "alias", "address": f"{name}@{domain.name}", "to": list(to)}
    for one in domain.lists:
        yield {"kind": "list", "address": f"{one.name}@{domain.name}", "to": list(one.members)}
    if domain.catch_all is not None:
        yield {"kind": "catch-all", "address": f"*@{domain.name}", "to": [domain.catch_all]}


def _port(host: RunningHost, service: str) -> int:
    endpoint: Endpoint = getattr(host, service)
    return endpoint.port


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    return {"host": endpoint.host, "port": endpoint.port}


# -- commands to copy ----


def commands(world: World) -> list[str]:
    """Lines for a shell that ask the DNS, send a letter and read it, with this world's own addresses and ports.

    International addresses are left to others: swaks does not say SMTPUTF8.
    """
    users = [user for user in world.users if user.address.is_ascii]
    sender = users[0] if users else None
    others = [user for user in users if sender and user.address.domain != sender.address.domain]
    reader = others[0] if others else users[-1] if users else None
    lines = list(_questions(world, ascii_form(reader.address.domain if reader else world.domains[-1].name)))
    if sender is not None and reader is not None:
        lines.append(_submission(world[sender.address.domain], sender, reader.address))
        lines += _reading(world, world[reader.address.domain], reader)
    return [shlex.join(line) for line in lines]


def _questions(world: World, domain: str) -> Iterator[list[str]]:
    resolver, root = world.resolver.endpoint, world.root_nameserver
    yield ["dig", f"@{resolver.host}", "-p", str(resolver.port), domain, "MX"]
    yield ["dig", f"@{root.host}", "-p", str(root.port), "+norecurse", domain, "MX"]


def _submission(site: Site, sender: User, to: Address) -> list[str]:
    host, port = site.submission
    line = ["swaks", "--server", host, "--port", str(port), "--from", str(sender), "--to", str(to)]
    if site.domain.require_auth:
        line += ["--auth", "PLAIN", "--auth-user", str(sender), "--auth-password", sender.password]
    return [*line, "--tls"] if site.domain.require_tls else line


def _reading(world: World, site: Site, reader: User) -> Iterator[list[str]]:
    trust = ["--cacert", str(world.ca_file)] if site.domain.require_tls else []
    curl = ["curl", *trust, "--user", f"{reader}:{reader.password}"]
    if site.domain.require_tls:
        imap, pop = f"imaps://{_place(site.imaps)}", f"pop3s://{_place(site.pop3s)}"
    else:
        imap, pop = f"imap://{_place(site.imap)}", f"pop3://{_place(site.pop3)}"
    yield [*curl, f"{imap}/INBOX;UID=1"]
    yield [*curl, f"{pop}/1"]


def _place(endpoint: Endpoint) -> str:
    return f"{endpoint.host}:{endpoint.port}"


# -- the same for people ----


def table(directory: dict[str, Any]) -> str:
    """The directory as text for a terminal."""
    lines: list[str] = []
    for domain in directory["domains"]:
        lines += [domain["name"], *_rows(domain), ""]
    lines += [
        f"resolver           {_place(Endpoint(**directory['resolver']))}  (UDP and TCP)",
        f"root name server   {_place(Endpoint(**directory['root_nameserver']))}",
        f"trust this CA      {directory['ca_file']}",
        "",
        "to try it:",
        *(f"  {command}" for command in directory["try"]),
    ]
    return "\n".join(lines)


def _rows(domain: dict[str, Any]) -> Iterator[str]:
    for service in SERVICES.values():
        for host in domain["hosts"]:
            if service in host["ports"]:
                place = f"{host['address']}:{host['ports'][service]}"
                whose = ", where a program of yours has to listen" if host["external"] else ""
                yield f"  {service:<12}  {place:<21}  {host['name']}{whose}"
    yield from _people(domain["users"])
    for name in domain["names"]:
        yield f"  {name['kind']:<12}  {name['address']}  to {', '.join(name['to'])}"


def _people(users: Iterable[dict[str, str]]) -> Iterator[str]:
    for user in users:
        yield f"  {'user':<12}  {user['address']}  password {user['password']}"
