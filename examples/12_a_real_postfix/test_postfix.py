"""A real Postfix as one machine of the world: our servers find it by its MX record, and it finds ours.

``Host(external=True)`` gives it a name, an address and an MX record; nobody of ours listens there. Everything that
Postfix needs lies in a folder of the test's own. Skipped where there is no Postfix, or no root to start one.
"""

import os
import shutil
import smtplib
import subprocess
import tempfile
from pathlib import Path

import pytest

from mailharness import Domain, Host

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
myhostname = {name}
mydestination =
local_recipient_maps =
mynetworks = 127.0.0.0/8
inet_protocols = ipv4
virtual_mailbox_domains = far.test
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ joe@far.test=joe/ }}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtp_bind_address = {address}
relayhost = [{relay}]:{relay_port}
"""
MASTER = """\
{address}:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@pytest.fixture
def world(mailworld_factory):
    far = Domain("far.test", mx=[Host("mx", external=True)])
    return mailworld_factory(Domain("acme.test", users=["alice"]), far, clock="wall")


@pytest.fixture
def postfix(world):
    program = shutil.which("postfix", path="/usr/sbin:/usr/local/sbin")
    if program is None or os.geteuid():
        pytest.skip("there is no Postfix here, or no root to start it")
    host, port = world.host("mx.far.test").smtp
    relay, relay_port = world["acme.test"].smtp
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    folder.chmod(0o755)  # Postfix's own user has to get in
    for name in ("etc", "queue", "data", "mail"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", 65534, 65534)
    words = {
        "folder": folder,
        "name": "mx.far.test",
        "relay": relay,
        "relay_port": relay_port,
        "address": host,
        "port": port,
    }
    (folder / "etc/main.cf").write_text(MAIN.format(**words))
    (folder / "etc/master.cf").write_text(MASTER.format(**words))
    with subprocess.Popen([program, "-c", folder / "etc", "start-fg"], stdout=subprocess.PIPE, text=True) as running:
        wait_for(running, "daemon started")
        yield running
        subprocess.run([program, "-c", folder / "etc", "stop"], check=True, stderr=subprocess.DEVNULL)
    shutil.rmtree(folder)


def wait_for(running, words):
    """Read its log until it says these words; the log up to there."""
    log = []
    for line in running.stdout:
        log.append(line)
        if words in line:
            return log
    raise AssertionError(f"Postfix ended and never said {words!r}:\n{''.join(log)}")


def test_postfix_takes_our_letter(world, postfix):
    letter = world.user("alice@acme.test").send(to="joe@far.test", subject="Hello, Postfix")

    assert letter.trace.path[:3] == ("alice@acme.test", "mail.acme.test", "mx.far.test")
    wait_for(postfix, "delivered to maildir")


@pytest.mark.usefixtures("postfix")
def test_postfix_refuses_whom_it_does_not_know(world):
    letter = world.user("alice@acme.test").send(to="nobody@far.test")

    letter.trace.assert_bounced("5.1.1")
    assert "User unknown in virtual mailbox table" in letter.trace.stop


@pytest.mark.usefixtures("postfix")
def test_postfix_sends_to_us(world):
    with smtplib.SMTP(*world.host("mx.far.test").smtp) as smtp:
        smtp.sendmail("joe@far.test", ["alice@acme.test"], "Subject: From afar\r\n\r\nHello\r\n")

    letter = world.wait_for(to="alice@acme.test", timeout=10)

    letter.trace.assert_delivered()
    assert b"by mx.far.test (Postfix)" in bytes(world.user("alice@acme.test").inbox[0])
