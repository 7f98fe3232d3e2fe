"""Letters such as programs send them, in the shapes that FETCH must take apart."""


def wire(text: str) -> bytes:
    """``text`` as it crosses: CRLF at the end of lines, and nothing in front of the first."""
    return text.lstrip("\n").replace("\n", "\r\n").encode("utf-8")


PLAIN = wire("""
Date: Wed, 15 Nov 2023 11:59:00 +0100
From: "Doe, Jane" <jane@a.tst>
To: bob@b.tst, Team: carol@c.tst, "Dave \\"D\\" D." <dave@d.tst>;
Cc: undisclosed-recipients:;
Subject: =?UTF-8?B?R3LDvMOfZSBhdXMgS8O2bG4=?=
Message-ID: <1@a.tst>
In-Reply-To: <0@b.tst>
MIME-Version: 1.0
Content-Type: text/plain; charset=UTF-8; format=flowed
Content-Transfer-Encoding: quoted-printable

Sch=C3=B6ne Gr=C3=BC=C3=9Fe =20
aus=20K=C3=B6=
ln.
""")
NEWSLETTER = wire("""
From: News <news@shop.tst>
Sender: bounces@shop.tst
Reply-To: service@shop.tst
Subject: A folded
 subject line
Content-Type: multipart/mixed; boundary="outer"
Content-Language: en, de

This is a message in MIME format.
--outer
Content-Type: multipart/related; boundary="inner=_1"; type="text/html"

--inner=_1
Content-Type: text/html; charset="us-ascii"
Content-ID: <page@shop.tst>

<img src="cid:logo@shop.tst">

--inner=_1
Content-Type: image/png; name="logo.png"
Content-Transfer-Encoding: base64
Content-ID: <logo@shop.tst>
Content-Disposition: inline; filename="logo.png"
Content-Description: our logo

iVBORw0KGgo=
--inner=_1--
--outer
Content-Type: application/pdf;
 name*0*=UTF-8''R%C3%BCck;
 name*1=schein.pdf
Content-Disposition: attachment; filename*=UTF-8''R%C3%BCckschein.pdf
Content-Transfer-Encoding: BASE64
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==

JVBERi0=
--outer--
An epilogue.
""")
FORWARD = wire("""
From: alice@a.tst
Subject: Fwd: two
Content-Type: multipart/mixed; boundary=b

--b

see below
--b
Content-Type: message/rfc822

From: carol@c.tst (Carol)
Subject: two
Content-Type: multipart/alternative; boundary=c

--c
Content-Type: text/plain

plain
--c
Content-Type: text/html

<b>html</b>
--c--

--b--
""")
DAMAGED = (
    b"Content-Type: multipart/mixed; boundary=x\n\n"
    b"--x\nSubject no colon\n\n\xff\xfe\x00 raw\n"
    b"--x\nContent-Type: text\n\nrest"
)
BARE = b"no header at all"
ALL = (PLAIN, NEWSLETTER, FORWARD, DAMAGED, BARE)
