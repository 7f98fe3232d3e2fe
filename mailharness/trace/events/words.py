"""The words that faults and events share: protocols, verbs, phases, codes."""

SMTP, LMTP, IMAP, POP3, DNS = "smtp", "lmtp", "imap", "pop3", "dns"
SMTP_VERBS = frozenset("EHLO HELO LHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP STARTTLS AUTH XCLIENT".split())
"""What a fault may name besides the phases: the commands of RFC 5321 §4.1, RFC 2033, RFC 3030, RFC 3207 and RFC 4954."""
SMTP_PHASES = frozenset({"CONNECT", "BODY", "EOD"})
"""Moments that a fault may name as if they were commands: the greeting, the middle of the data, and its end."""
CERTIFICATES = frozenset({"expired", "not yet valid", "wrong name", "unknown ca", "self-signed"})
"""What a fault may have a host show instead of its own certificate."""
RCODES = frozenset("NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN YXRRSET NXRRSET NOTAUTH NOTZONE".split())
"""How a name server may answer because of a fault (RFC 1035 §4.1.1, RFC 2136 §2.2)."""
DNS_TYPES = frozenset(
    "A AAAA ANY AXFR CAA CNAME DNSKEY DS HINFO HTTPS IXFR LOC MX NAPTR NS NSEC NSEC3 OPENPGPKEY PTR RP RRSIG SMIMEA SOA "
    "SPF SRV SSHFP SVCB TLSA TXT URI".split()
)
"""What a fault may name as the type of a question, besides ``TYPE123`` (RFC 3597 §5)."""
IMAP_VERBS = frozenset(
    "CAPABILITY NOOP LOGOUT ID STARTTLS LOGIN AUTHENTICATE UNAUTHENTICATE ENABLE SELECT EXAMINE CREATE DELETE RENAME "
    "SUBSCRIBE UNSUBSCRIBE LIST LSUB NAMESPACE STATUS APPEND IDLE DONE NOTIFY COMPRESS GETQUOTA GETQUOTAROOT SETQUOTA "
    "MYRIGHTS GETACL LISTRIGHTS SETACL DELETEACL GETMETADATA SETMETADATA CHECK CLOSE UNSELECT EXPUNGE SEARCH SORT THREAD "
    "FETCH STORE COPY MOVE REPLACE CANCELUPDATE GENURLAUTH RESETKEY URLFETCH".split()
)
"""What a fault of IMAP may name (RFC 9051 §6 and its extensions); ``FETCH`` is ``UID FETCH`` too, ``DONE`` ends IDLE."""
POP3_VERBS = frozenset("USER PASS APOP AUTH STLS UTF8 LANG CAPA STAT LIST UIDL RETR TOP DELE RSET NOOP QUIT".split())
"""The same of POP3 (RFC 1939 §9, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4, RFC 6856 §2)."""
