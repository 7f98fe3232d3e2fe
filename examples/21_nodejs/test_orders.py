"""An application in Node.js with nodemailer, as a child process that `world.env()` tells everything.

nodemailer is installed once, as the lock file says, into a folder of its own beside the machine's temporary files. Where
there is no Node.js, or no registry to have nodemailer from, the tests are skipped; not where CI is to show them.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from mailharness import Domain, faults

pytestmark = pytest.mark.mailworld(Domain("acme.test", users=["orders"]), Domain("globex.test", users=["bob", "carol"]))
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def modules():
    """The folder of nodemailer; whoever comes first fills it, and the others wait for that."""
    if not (shutil.which("node") and shutil.which("npm")):
        give_up("there is no Node.js with npm here")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = Path(tempfile.gettempdir(), f"mailharness-nodejs-{os.getuid()}-{hashlib.sha256(lock).hexdigest()[:12]}")
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as mine:
        fcntl.flock(mine, fcntl.LOCK_EX)
        if not (folder / "whole").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, folder)
            done = subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=folder, capture_output=True, text=True)
            if done.returncode:
                give_up(f"nodemailer cannot be had: {done.stderr.strip()}")
            (folder / "whole").touch()
    return folder / "node_modules"


def give_up(reason):
    if os.environ.get("MAILHARNESS_CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def confirm(mailworld, modules):
    """Confirm these orders; what the application said of each."""

    def run(*orders):
        done = subprocess.run(
            ["node", HERE / "orders.js"],
            input="".join(f"{json.dumps(order)}\n" for order in orders),
            env=os.environ | mailworld.env("orders@acme.test") | {"NODE_PATH": str(modules)},
            stdout=subprocess.PIPE,
            text=True,
            timeout=30,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


def test_a_confirmation_arrives_encrypted_all_the_way(mailworld, confirm):
    (told,) = confirm({"number": 1, "to": "bob@globex.test"})

    assert told == {"number": 1, "accepted": ["bob@globex.test"], "rejected": []}
    (letter,) = mailworld.letters
    letter.trace.assert_delivered(via="mail.globex.test")
    letter.trace.assert_encrypted()
    assert mailworld.user("bob@globex.test").inbox.subjects == ["Order 1"]


def test_of_two_recipients_one_is_refused(mailworld, confirm):
    with mailworld.fault(faults.reply("mail.acme.test", "RCPT", "550 5.7.1 Not to her", recipient="carol@globex.test")):
        (told,) = confirm({"number": 2, "to": "bob@globex.test, carol@globex.test"})

    assert (told["accepted"], told["rejected"]) == (["bob@globex.test"], ["carol@globex.test"])
    assert mailworld.user("bob@globex.test").inbox.subjects == ["Order 2"]
    assert mailworld.user("carol@globex.test").inbox.subjects == []


def test_a_certificate_that_has_expired_stops_it(mailworld, confirm):
    with mailworld.fault(faults.tls.certificate("mail.acme.test", "expired")):
        (told,) = confirm({"number": 3, "to": "bob@globex.test"})

    assert told == {"number": 3, "code": "ESOCKET"}
    assert mailworld.letters == []
