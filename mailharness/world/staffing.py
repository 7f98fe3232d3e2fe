"""Staffing a site: the store with all that its blueprint says of users, aliases, forwards and lists."""

from collections.abc import Iterable, Mapping

from mailharness.agents.directory import Directory
from mailharness.agents.mailing_list import MailingList
from mailharness.agents.ports import Surroundings
from mailharness.agents.srs import Srs
from mailharness.agents.store import Backups, Store
from mailharness.imap.profiles import find_profile
from mailharness.mail import Address
from mailharness.mail.address import ascii_form
from mailharness.mailbox import Account
from mailharness.mailbox.labelled import LabelledAccount
from mailharness.world import blueprint
from mailharness.world.blueprint.addresses import Addresses
from mailharness.world.blueprint.forward import as_forward
from mailharness.world.roles import Roles


def staffed(domain: blueprint.Domain, around: Surroundings) -> Store:
    """The mailboxes of the declared users, and what its other addresses stand for."""
    store = Store(domain.name, kind=LabelledAccount if has_labels(domain) else Account)
    forwards = [_take_in(store, domain.name, user) for user in domain.users]
    if any(forwards) or domain.aliases or domain.lists or domain.catch_all:
        addresses = domain.addresses
        aliases = {_key(addresses, name): tuple(map(addresses.address, to)) for name, to in domain.aliases.items()}
        lists = [_mailing_list(addresses, each) for each in domain.lists]
        catch_all = _key(addresses, domain.catch_all) if domain.catch_all is not None else None
        srs = Srs(domain.name, around.salt)
        store.list_names(Directory(aliases, lists, srs, around.clock.now), catch_all)
    return store


def has_labels(domain: blueprint.Domain) -> bool:
    """Whether one of its IMAP servers is Gmail's: then its mailboxes are labels, through whatever door they are seen."""
    return any(find_profile(domain.describe(name).imap).labels for name in Roles(domain).imap)


def _key(addresses: Addresses, name: str) -> str:
    return addresses.address(name).unquoted_local.lower()


def _take_in(store: Store, domain: str, user: blueprint.Account) -> bool:
    """Give the user a mailbox; returned is whether mail goes on from there."""
    address = Address(user.name, domain)
    account = store.kind(
        address,
        user.password,
        quota=user.quota,
        token=user.token,
        reactions=user.reactions,
        filters=tuple(user.filters),
        folders=user.folders,
    )
    store.add(account)
    forward = as_forward(user.name, user.forward)
    if forward is None:
        return False
    store.forward(account, tuple(map(Address.parse, forward.to)), keep=forward.keep, rewrite=forward.rewrite or "")
    return True


def _mailing_list(addresses: Addresses, each: blueprint.MailingList) -> MailingList:
    return MailingList(
        addresses.address(each.name),
        map(addresses.address, each.members),
        owner=addresses.address(each.owner) if each.owner is not None else None,
        anyone=each.post == "anyone",
        subject_prefix=each.subject_prefix,
        reply_to_list=each.reply_to_list,
        verp=each.verp,
        limit=each.bounces,
    )


def back_up(stores: Mapping[str, Store], domains: Iterable[blueprint.Domain]) -> None:
    """Tell all ``stores``, by domain in ASCII and lower case, which of their hosts back up which other domains."""
    found: Backups = {}
    for domain in domains:
        key = ascii_form(domain.name).lower()
        for host in domain.backup_mx:
            found.setdefault(host.lower(), {})[key] = stores[key] if domain.backup_checks else None
    for store in stores.values() if found else ():
        store.backups = found
