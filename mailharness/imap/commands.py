"""The table of commands: how each is parsed, who carries it out, in which states it may be given (RFC 3501 §6)."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from mailharness.imap import (
    access,
    appending,
    capabilities,
    compressing,
    contexts,
    copying,
    discussing,
    expunging,
    fetching,
    idling,
    list_options,
    listing,
    mailboxes,
    metadata,
    notify_options,
    notifying,
    quota,
    rights,
    searching,
    selecting,
    sorting,
    storing,
    urlauth,
)
from mailharness.imap.access import nothing
from mailharness.imap.grammar import BadSyntaxError, Cursor
from mailharness.imap.search import CHARSETS, BadCharsetError
from mailharness.imap.visit import Extension, Outcome, RefusedError, State, Status, Visit
from mailharness.mailbox import MailboxError

_START = re.compile(rb"([^(){ %*\"\\+\x00-\x1f\x7f-\xff]{1,99}) ([A-Za-z]+)(?: (?<=[Uu][Ii][Dd] )([A-Za-z]+))?")
_TAG = re.compile(rb"([^(){ %*\"\\+\x00-\x1f\x7f-\xff]{1,99})(?: |\Z)")


class Command(NamedTuple):
    """A command's parser, what carries it out, its states, and whether EXPUNGE may be told when it ends."""

    parse: Callable[[Cursor], tuple[Any, ...]]
    run: Callable[..., Outcome]
    states: tuple[State, ...]
    tells_expunges: bool = True


ANY = tuple(State)
FRESH = (State.NOT_AUTHENTICATED,)
IN = (State.AUTHENTICATED, State.SELECTED)
SELECTED = (State.SELECTED,)

COMMANDS: dict[str, Command] = {
    "CAPABILITY": Command(nothing, capabilities.capability, ANY),
    "NOOP": Command(nothing, access.noop, ANY),
    "LOGOUT": Command(nothing, access.logout, ANY),
    "ID": Command(access.parse_id, access.identify, ANY),
    "STARTTLS": Command(nothing, access.starttls, FRESH),
    "LOGIN": Command(access.parse_login, access.login, FRESH),
    "AUTHENTICATE": Command(access.parse_authenticate, access.authenticate, FRESH),
    "COMPRESS": Command(compressing.parse_compress, compressing.compress, IN),
    "ENABLE": Command(capabilities.parse_enable, capabilities.enable, IN),
    "SELECT": Command(selecting.parse_select, selecting.select, IN),
    "EXAMINE": Command(selecting.parse_select, selecting.examine, IN),
    "CREATE": Command(mailboxes.parse_create, mailboxes.create, IN),
    "DELETE": Command(mailboxes.parse_name, mailboxes.delete, IN),
    "RENAME": Command(mailboxes.parse_two_names, mailboxes.rename, IN),
    "SUBSCRIBE": Command(mailboxes.parse_name, mailboxes.subscribe, IN),
    "UNSUBSCRIBE": Command(mailboxes.parse_name, mailboxes.unsubscribe, IN),
    "LIST": Command(list_options.parse_list, listing.list_mailboxes, IN),
    "LSUB": Command(listing.parse_subscribed, listing.list_subscribed, IN),
    "NAMESPACE": Command(nothing, listing.namespace, IN),
    "STATUS": Command(mailboxes.parse_status, mailboxes.status, IN),
    "APPEND": Command(appending.parse_append, appending.append, IN),
    "IDLE": Command(nothing, idling.idle, IN),
    "GETQUOTA": Command(quota.parse_root, quota.get_quota, IN),
    "GETQUOTAROOT": Command(quota.parse_quota_root, quota.get_quota_root, IN),
    "SETQUOTA": Command(quota.parse_set_quota, quota.set_quota, IN),
    "MYRIGHTS": Command(mailboxes.parse_name, rights.my_rights, IN),
    "GETACL": Command(mailboxes.parse_name, rights.get_acl, IN),
    "LISTRIGHTS": Command(rights.parse_name_and_who, rights.list_rights, IN),
    "SETACL": Command(rights.parse_set_acl, rights.change_acl, IN),
    "DELETEACL": Command(rights.parse_name_and_who, rights.change_acl, IN),
    "GETMETADATA": Command(metadata.parse_get, metadata.get_metadata, IN),
    "SETMETADATA": Command(metadata.parse_set, metadata.set_metadata, IN),
    "CANCELUPDATE": Command(contexts.parse_tags, contexts.cancel_update, SELECTED),
    "NOTIFY": Command(notify_options.parse_notify, notifying.notify, IN),
    "GENURLAUTH": Command(urlauth.parse_generate, urlauth.generate, IN),
    "RESETKEY": Command(urlauth.parse_reset, urlauth.reset_key, IN),
    "URLFETCH": Command(urlauth.parse_fetch, urlauth.url_fetch, IN),
    "CHECK": Command(nothing, selecting.check, SELECTED),
    "CLOSE": Command(nothing, selecting.close, SELECTED),
    "UNSELECT": Command(nothing, selecting.unselect, SELECTED),
    "EXPUNGE": Command(nothing, expunging.expunge, SELECTED),
    "SEARCH": Command(searching.parse_keys, searching.search, SELECTED, tells_expunges=False),
    "SORT": Command(sorting.parse_sort, sorting.sort, SELECTED, tells_expunges=False),
    "THREAD": Command(discussing.parse_thread, discussing.thread, SELECTED, tells_expunges=False),
    "FETCH": Command(fetching.parse_fetch, fetching.fetch, SELECTED, tells_expunges=False),
    "STORE": Command(storing.parse_store, storing.store, SELECTED, tells_expunges=False),
    "COPY": Command(copying.parse_copy, copying.copy, SELECTED),
    "MOVE": Command(copying.parse_copy, copying.move, SELECTED),
    "UID SEARCH": Command(searching.parse_keys, partial(searching.search, by_uid=True), SELECTED),
    "UID SORT": Command(sorting.parse_sort, partial(sorting.sort, by_uid=True), SELECTED),
    "UID THREAD": Command(discussing.parse_thread, partial(discussing.thread, by_uid=True), SELECTED),
    "UID FETCH": Command(fetching.parse_fetch, partial(fetching.fetch, by_uid=True), SELECTED),
    "UID STORE": Command(storing.parse_store, partial(storing.store, by_uid=True), SELECTED),
    "UID COPY": Command(copying.parse_copy, partial(copying.copy, by_uid=True), SELECTED),
    "UID MOVE": Command(copying.parse_copy, partial(copying.move, by_uid=True), SELECTED),
    "REPLACE": Command(appending.parse_replace, appending.replace, SELECTED),
    "UID REPLACE": Command(appending.parse_replace, partial(appending.replace, by_uid=True), SELECTED),
    "UID EXPUNGE": Command(expunging.parse_uids, expunging.uid_expunge, SELECTED),
}

_NUMBERED = frozenset(verb for verb in COMMANDS if f"UID {verb}" in COMMANDS) - {"EXPUNGE"}
"""Those that use message numbers."""


class Request(NamedTuple):
    """How a command begins: its tag and verb (either may be missing), and where its arguments do."""

    tag: str
    verb: str
    position: int


def beginning(line: bytes) -> Request:
    """The tag and the verb in upper case, ``UID FETCH`` being one."""
    match = _START.match(line)
    if match is None:
        tag = _TAG.match(line)
        return Request(tag[1].decode("ascii") if tag else "", "", 0)
    verb = match[2] + (b" " + match[3] if match[3] else b"")
    return Request(match[1].decode("ascii"), verb.decode("ascii").upper(), match.end())


def may_tell_expunges(request: Request) -> bool:
    """RFC 3501 §7.4.1: numbers must not move under a client that is about to use them."""
    command = COMMANDS.get(request.verb)
    return command is None or command.tells_expunges


def respond(visit: Visit, request: Request, segments: list[bytes]) -> Outcome:
    """Carry out one command. Never raises."""
    command = COMMANDS.get(request.verb)
    if command is None or not visit.profile.knows(request.verb):
        return Status("BAD unknown command" if request.verb else "BAD a command is a tag, a space and a verb")
    if visit.state not in command.states:
        return Status(f"BAD {request.verb} is not for the {visit.state} state")
    visit.tag = request.tag
    by_uid_only = visit.has(Extension.UIDONLY)
    if by_uid_only and request.verb in _NUMBERED:
        return Status(f"BAD [UIDREQUIRED] {request.verb} is by UID only")  # RFC 9586 §3
    cursor = Cursor(
        segments,
        request.position,
        utf8=visit.utf8,
        charsets=not visit.has(Extension.UTF8),
        numbers=not by_uid_only,
        labels=visit.profile.labels,
    )

    def run() -> Outcome:
        arguments = command.parse(cursor)
        cursor.end()
        return command.run(visit, *arguments)

    return answered(run)


def answered(run: Callable[[], Outcome]) -> Outcome:
    """What ``run`` returns, or the status that its refusal means."""
    try:
        return run()
    except BadSyntaxError as error:
        return Status(f"BAD {error}")
    except BadCharsetError:
        return Status(f"NO [BADCHARSET ({' '.join(CHARSETS)})] that charset is not known here")
    except MailboxError as error:
        return Status(f"NO {error.response}")
    except RefusedError as error:
        return Status(f"NO {error}")
