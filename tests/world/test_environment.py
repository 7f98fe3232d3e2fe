"""A child process is told by its environment where everything is, by names that its author would have guessed."""

import json
import os
import ssl
import subprocess
import sys

import pytest

from mailharness import Account, Domain, Host, MisuseError, World
from mailharness.world.environment import NAMES

PROGRAM = """
import os, sys, ssl, json, smtplib, imaplib, poplib
own = os.environ
with smtplib.SMTP(own["EMAIL_HOST"], int(own["EMAIL_PORT"])) as smtp:
    if own.get("EMAIL_USE_TLS") == "true":
        smtp.starttls(context=ssl.create_default_context())
    smtp.login(own["EMAIL_HOST_USER"], own["EMAIL_HOST_PASSWORD"])
    smtp.sendmail(own["MAIL_FROM"], [own["MAIL_FROM"]], "Subject: Myself\\r\\n\\r\\nHello\\r\\n")
imap = imaplib.IMAP4(own["IMAP_HOST"], int(own["IMAP_PORT"]))
imap.login(own["IMAP_USERNAME"], own["IMAP_PASSWORD"])
imap.logout()
secure = imaplib.IMAP4_SSL(own["IMAP_HOST"], int(own["IMAPS_PORT"]), ssl_context=ssl.create_default_context())
secure.logout()
pop = poplib.POP3(own["POP3_HOST"], int(own["POP3_PORT"]))
pop.user(own["POP3_USER"])
pop.pass_(own["POP3_PASS"])
json.dump(pop.stat()[0], sys.stdout)
pop.quit()
"""
ALICE = Account("alice", password="p@ss:w/rd")


def test_a_child_process_finds_everything() -> None:
    with World(Domain("other.test"), Domain("acme.test", users=[ALICE])) as world:
        told = os.environ | world.env("alice@acme.test")
        done = subprocess.run([sys.executable, "-c", PROGRAM], env=told, check=True, stdout=subprocess.PIPE)
        assert json.loads(done.stdout) == 1
        assert world.user("alice@acme.test").inbox.subjects == ["Myself"]
        (letter,) = world.letters
        letter.trace.assert_delivered()


def test_every_variable_of_the_table_is_told_and_no_other() -> None:
    with World(Domain("acme.test", users=[ALICE])) as world:
        told = world.env(world.user("alice@acme.test"))
        assert told.keys() == {name for names in NAMES.values() for name in names.split()}
        host, port = world["acme.test"].submission
        assert told["SMTP_URL"] == f"smtp://alice%40acme.test:p%40ss%3Aw%2Frd@{host}:{port}"
        assert told["EMAIL_URL"] == f"smtp+tls://{told['SMTP_URL'].removeprefix('smtp://')}"
        assert told["MAILHARNESS_IMAPS"] == "{}:{}".format(*world["acme.test"].imaps)
        assert ssl.create_default_context(cafile=told["NODE_EXTRA_CA_CERTS"]).get_ca_certs()


def test_without_a_user_it_tells_of_none() -> None:
    with World(Domain("acme.test", users=["alice"], host=Host(hide=["STARTTLS"])), Domain("globex.test")) as world:
        told = world.env()
        assert told["SMTP_HOST"] == world["acme.test"].submission.host
        assert told["EMAIL_URL"].startswith("smtp://127.")
        assert not {"EMAIL_USE_TLS", "SMTP_USERNAME", "SMTP_PASSWORD", "MAIL_FROM"} & told.keys()


@pytest.mark.parametrize("user", ["alcie@acme.test", "alice@acme.tset", "alice", 3])
def test_a_wrong_user_is_refused(user) -> None:
    with World(Domain("acme.test", users=["alice"])) as world, pytest.raises(MisuseError):
        world.env(user)
