"""Master files: read as RFC 1035 §5 has them, with BIND's units; written so that they read back as the same records."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailharness.dns import Record, Zone, apex, parse_master_file, parse_records
from mailharness.errors import MisuseError
from tests.dns.records import zones


def read(text, origin="a.tst", **how):
    return [str(record) for record in parse_master_file(text, origin, **how)]


def test_a_whole_file_is_read():
    text = r"""; the zone of RFC 1035 §5.3, in short
@   IN  SOA     VENERA      Action\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        MX      10      VENERA
        MX      20      VAXA
VENERA  A       10.1.0.52
        A       128.9.0.32
"""
    assert read(text, "ISI.EDU.") == [
        r"ISI.EDU 3600 IN SOA VENERA.ISI.EDU Action\046domains.ISI.EDU 20 7200 600 3600000 60",
        "ISI.EDU 3600 IN NS A.ISI.EDU",
        "ISI.EDU 3600 IN MX 10 VENERA.ISI.EDU",
        "ISI.EDU 3600 IN MX 20 VAXA.ISI.EDU",
        "VENERA.ISI.EDU 3600 IN A 10.1.0.52",
        "VENERA.ISI.EDU 3600 IN A 128.9.0.32",
    ]


@pytest.mark.parametrize(
    ("line", "record"),
    [
        # owners and origins
        ("www A 192.0.2.1", "www.a.tst 7 IN A 192.0.2.1"),
        ("www.b.tst. A 192.0.2.1", "www.b.tst 7 IN A 192.0.2.1"),
        ("@ A 192.0.2.1", "a.tst 7 IN A 192.0.2.1"),
        (". NS @", ". 7 IN NS a.tst"),
        ("* MX 0 .", "*.a.tst 7 IN MX 0 ."),
        (r"\@ A 192.0.2.1", "@.a.tst 7 IN A 192.0.2.1"),
        (r"a\.b A 192.0.2.1", r"a\046b.a.tst 7 IN A 192.0.2.1"),
        (r"a\032b\;c A 192.0.2.1", r"a\032b;c.a.tst 7 IN A 192.0.2.1"),
        (r"\097 A 192.0.2.1", "a.a.tst 7 IN A 192.0.2.1"),
        (r"b.tst\. A 192.0.2.1", r"b.tst\046.a.tst 7 IN A 192.0.2.1"),
        ("$ORIGIN b\nwww A 192.0.2.1", "www.b.a.tst 7 IN A 192.0.2.1"),
        ("$origin .\nwww.b A 192.0.2.1", "www.b 7 IN A 192.0.2.1"),
        ("10 PTR host.b.tst.", "10.a.tst 7 IN PTR host.b.tst"),
        ("A A 192.0.2.1", "A.a.tst 7 IN A 192.0.2.1"),
        ("in IN A 192.0.2.1", "in.a.tst 7 IN A 192.0.2.1"),
        ("bücher A 192.0.2.1", "bücher.a.tst 7 IN A 192.0.2.1"),
        # TTL and class, in any order
        ("www 300 A 192.0.2.1", "www.a.tst 300 IN A 192.0.2.1"),
        ("www 300 IN A 192.0.2.1", "www.a.tst 300 IN A 192.0.2.1"),
        ("www in 300 a 192.0.2.1", "www.a.tst 300 IN A 192.0.2.1"),
        ("www CLASS1 1h30m A 192.0.2.1", "www.a.tst 5400 IN A 192.0.2.1"),
        ("www 1W2d3H4m5S A 192.0.2.1", "www.a.tst 788645 IN A 192.0.2.1"),
        ("www 1h30 A 192.0.2.1", "www.a.tst 3630 IN A 192.0.2.1"),
        ("www 0 A 192.0.2.1", "www.a.tst 0 IN A 192.0.2.1"),
        ("$TTL 1d\nwww A 192.0.2.1", "www.a.tst 86400 IN A 192.0.2.1"),
        ("$TTL 1d\nwww 5 A 192.0.2.1", "www.a.tst 5 IN A 192.0.2.1"),
        # parentheses, comments, quotes
        ("www ( A\n 192.0.2.1 ) ; done", "www.a.tst 7 IN A 192.0.2.1"),
        ("www(A)192.0.2.1", "www.a.tst 7 IN A 192.0.2.1"),
        ("www A 192.0.2.1;comment ( \"", "www.a.tst 7 IN A 192.0.2.1"),
        ("www\tTXT\t( one ; \"\n two\n\n \"three\" )", 'www.a.tst 7 IN TXT "one" "two" "three"'),
        ('www TXT "a;b(c)d" "e\\"f\\\\g" \\065\\;', 'www.a.tst 7 IN TXT "a;b(c)d" "e\\"f\\\\g" "A;"'),
        ('www TXT "a""b"', 'www.a.tst 7 IN TXT "a" "b"'),
        ('www TXT ""', 'www.a.tst 7 IN TXT ""'),
        ('www TXT "é"', r'www.a.tst 7 IN TXT "\195\169"'),
        ('www TXT "@" @', 'www.a.tst 7 IN TXT "@" "@"'),
        ("www A 192.0.2.1\r\n", "www.a.tst 7 IN A 192.0.2.1"),
        # names in data
        ("@ MX 10 mx", "a.tst 7 IN MX 10 mx.a.tst"),
        ("@ MX 10 @", "a.tst 7 IN MX 10 a.tst"),
        ("_x._tcp SRV 0 1 25 mx.b.tst.", "_x._tcp.a.tst 7 IN SRV 0 1 25 mx.b.tst"),
        ("@ SOA ns . 1 1h 15m 2w 1d", "a.tst 7 IN SOA ns.a.tst . 1 3600 900 1209600 86400"),
        # types
        (r"x TYPE65280 \# 4 c0 ffee (00)", r"x.a.tst 7 IN TYPE65280 \# 4 c0ffee00"),
        (r"x TYPE65280 \# 0", r"x.a.tst 7 IN TYPE65280 \# 0"),
        (r"x A \# 4 C0000201", "x.a.tst 7 IN A 192.0.2.1"),
        (r"x TYPE15 \# 5 000a 0161 00", "x.a.tst 7 IN MX 10 a"),
        (r"x type15 10 mx", "x.a.tst 7 IN MX 10 mx.a.tst"),
        ("x TLSA 3 1 0 0C AF\tFE", "x.a.tst 7 IN TLSA 3 1 0 0caffe"),
        ("x DNSKEY 256 3 8 AQ== ", "x.a.tst 7 IN DNSKEY 256 3 8 AQ=="),
        ("x NAPTR 1 1 u E2U+email !^.*$!a! .", 'x.a.tst 7 IN NAPTR 1 1 "u" "E2U+email" "!^.*$!a!" .'),
        ("x HTTPS 1 . alpn=\"h2,h3\" port=443", 'x.a.tst 7 IN HTTPS 1 . alpn="h2,h3" port=443'),
    ],
)  # fmt: skip
def test_a_line_is_read_as_it_means(line, record):
    assert read(line, ttl=7) == [record]


def test_what_was_said_holds_for_the_lines_that_do_not_say_it():
    text = (
        "www 5 A 192.0.2.1\n\n ; no\n   A 192.0.2.2\nftp A 192.0.2.3\n$TTL 9\n A 192.0.2.4\n 8 A 192.0.2.5\n A 192.0.2.6\n"
    )
    assert [(record.name[:3], record.ttl) for record in parse_master_file(text, "a.tst")] == [
        ("www", 5),
        ("www", 5),
        ("ftp", 5),
        ("ftp", 9),
        ("ftp", 8),
        ("ftp", 9),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("www A 192.0.2.1\nwww A 192.0.2.256", "line 2: '192.0.2.256' is not an IPv4 address"),
        ("\n\nwww AA 192.0.2.1", "line 3: no record type 'AA'"),
        ("www MX ( ten\n mx )\n", "line 1: 'ten mx' is not a preference"),
        (" A 192.0.2.1", "line 1: begins with a blank, and there is no owner before it; write @"),
        ("www 300", "line 1: a record has an owner, a type and data"),
        ("www MX 1h mx", "line 1: '1h mx' is not a preference"),
        ('www TXT v="x"', "line 1: 'v=.x.' is not one or more strings"),
        ("www", "line 1: a record has an owner, a type and data"),
        ("www CH A 192.0.2.1", "line 1: the class is IN, not CH"),
        ("www IN IN A 192.0.2.1", "line 1: no record type 'IN'"),
        ("www 2147483648 A 192.0.2.1", "line 1: '2147483648' is no TTL of 0 to 2147483647"),
        ("$TTL never", "line 1: 'never' is no TTL"),
        ("$TTL", "line 1: .*none of .ORIGIN name, .TTL duration"),
        ("$GENERATE 1-9 a$ A 192.0.2.$", "line 1: .GENERATE is none of"),
        ("$ORIGIN a..b", "line 1: 'a..b.a.tst' is not a domain name"),
        ("www TXT \"open\nwww A 192.0.2.1", "line 1: a quote that is not closed"),
        ("www TXT a\"b\"", "line 1: a quote that is not closed"),
        ("www TXT a\\", "line 1: a quote that is not closed, or a backslash at the end"),
        ("www TXT \\300", "line 1: .* escapes an octet over 255"),
        ("www\\300 A 192.0.2.1", "line 1: .* is not a domain name"),
        ("\nwww ( A\n192.0.2.1", "line 2: this parenthesis is not closed"),
        ("www A 192.0.2.1 )", "line 1: parentheses come in pairs"),
        ("www ( ( A 192.0.2.1 ) )", "line 1: parentheses come in pairs and do not nest"),
        ("www A 192.0.2.1 extra", "line 1: '192.0.2.1 extra' is not an IPv4 address"),
        (r"www A \# 5 C0000201", "line 1: generic data is"),
        ("www LOC 52 22 23.000 N", "line 1: '52 22 23.000 N' is not generic data"),
        (f"{'x' * 64} A 192.0.2.1", "line 1: .*a label over 63 octets"),
        ("www TXT " + "x" * 256, "line 1: a string is over 255 octets; split it"),
        ("www MX 10 " + "x" * 64, "line 1: .*a label over 63 octets"),
        ("$INCLUDE other", "line 1: .INCLUDE other: give the folder"),
    ],
)  # fmt: skip
def test_what_is_no_master_file_is_refused_with_its_line_and_the_cure(text, complaint):
    with pytest.raises(MisuseError, match=complaint):
        parse_master_file(text, "a.tst")


def test_files_include_others_whose_origin_and_owner_end_with_them(tmp_path):
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts" / "mail").write_text("$ORIGIN mail\nmx A 192.0.2.1\n")
    (tmp_path / "plain").write_text(" A 192.0.2.2\n")
    text = "$TTL 5\nwww A 192.0.2.3\n$INCLUDE plain\n$INCLUDE hosts/mail sub ; a comment\n A 192.0.2.4\nftp A 192.0.2.5"
    assert read(text, folder=tmp_path) == [
        "www.a.tst 5 IN A 192.0.2.3",
        "www.a.tst 5 IN A 192.0.2.2",
        "mx.mail.sub.a.tst 5 IN A 192.0.2.1",
        "www.a.tst 5 IN A 192.0.2.4",
        "ftp.a.tst 5 IN A 192.0.2.5",
    ]


def test_an_error_in_an_included_file_names_both_places(tmp_path):
    (tmp_path / "inner").write_text("\nwww A nonsense\n")
    with pytest.raises(MisuseError, match="line 2: inner line 2: 'nonsense' is not an IPv4 address"):
        read("\n$INCLUDE inner", folder=tmp_path)


@pytest.mark.parametrize("file", ["../outside", "/etc/hostname", "missing", "."])
def test_only_files_of_the_folder_are_included(tmp_path, file):
    folder = tmp_path / "zones"
    folder.mkdir()
    (tmp_path / "outside").write_text("www A 192.0.2.1")
    with pytest.raises(MisuseError, match="there is no such file"):
        read(f"$INCLUDE {file}", folder=folder)


def test_a_file_that_includes_itself_is_refused(tmp_path):
    (tmp_path / "loop").write_text("$INCLUDE loop")
    with pytest.raises(MisuseError, match="more than 16 deep"):
        read("$INCLUDE loop", folder=tmp_path)


# -- records of one line ----


def test_records_are_declared_one_a_line():
    assert parse_records(
        ["www A 127.0.0.9", "@ 300 MX 10 mx", "  b.tst. IN TXT hi ; why", "", "ftp A 127.0.0.1"], "a.tst", 60
    ) == [
        Record("www.a.tst", "A", 60, "127.0.0.9"),
        Record("a.tst", "MX", 300, "10 mx.a.tst"),
        Record("b.tst", "TXT", 60, '"hi"'),
        Record("ftp.a.tst", "A", 60, "127.0.0.1"),
    ]
    assert parse_records(["www A 127.0.0.9"], "a.tst.")[0].ttl == 3600


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("www A", "'www A', line 1: a record has an owner, a type and data"),
        ("@ MX mx", "'@ MX mx', line 1: 'mx' is not a preference"),
        ("MX 10 mx", "'MX 10 mx', line 1: a record has an owner, a type and data"),
        ("$INCLUDE x", "give the folder"),
    ],
)  # fmt: skip
def test_a_bad_line_is_quoted(line, complaint):
    with pytest.raises(MisuseError, match=complaint):
        parse_records([line], "a.tst")


# -- writing ----


def test_a_zone_is_written_in_full():
    zone = Zone(
        "a.tst", [Record("w.a.tst", "TXT", 5, "x y"), *apex("a.tst", ["ns.b.tst"]), Record(r"a;b.a.tst", "MX", 5, "0 .")]
    )
    assert zone.to_master_file() == (
        "$ORIGIN a.tst.\n"
        "a.tst. 3600 IN SOA ns.b.tst. hostmaster.a.tst. 1 7200 900 1209600 300\n"
        'w.a.tst. 5 IN TXT "x" "y"\n'
        "a.tst. 3600 IN NS ns.b.tst.\n"
        "a\\059b.a.tst. 5 IN MX 0 .\n"
    )


@given(zones())
@settings(max_examples=200)
def test_what_is_written_reads_back_as_the_same_records(zone):
    again = parse_master_file(zone.to_master_file(), "elsewhere.tst")
    assert set(again) == set(zone.records)
    assert len(again) == len(zone.records)
    assert Zone("a.tst", again, strict=False).to_master_file() == zone.to_master_file()


PIECES = [
    "www",
    " ",
    "\n",
    "A",
    "192.0.2.1",
    "(",
    ")",
    '"',
    ";",
    "\\",
    "$ORIGIN",
    "$TTL",
    "@",
    "MX",
    "10",
    "TXT",
    "IN",
    "\\# 1 aa",
    "é",
]


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES)).map(" ".join)))
@settings(max_examples=500)
def test_any_text_is_read_or_refused(text):
    try:
        found = parse_master_file(text, "a.tst")
    except MisuseError as error:
        assert "line " in str(error)  # noqa: PT017 - either end is a good one
    else:
        assert all(record.ttl == 3600 or str(record.ttl) in text or "$TTL" in text for record in found)
