"""A world that runs in a process of its own, and the programs of others that connect to it."""

import io
import json
import poplib
import shlex
import signal
import smtplib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from mailharness import Account, Domain, Host, MailingList, World, behaviours
from mailharness.cli import main
from mailharness.cli.directory import describe, table
from mailharness.cli.up import as_line, run
from mailharness.trace.events import Accepted, Delivered, Refused
from mailharness.world import Endpoint

SCENARIO = """
[[domain]]
name = "acme.test"
users = ["alice", { name = "bob", password = "hunter2" }]

[[domain]]
name = "globex.test"
users = ["carol"]
mx = ["mx1", "mx2"]
"""
SECONDS = 20
Start = Callable[..., "subprocess.Popen[str]"]


def hang_up_again() -> None:
    """Whoever runs the tests may have told all children to ignore that signal, as nohup does."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def starting(*arguments: str, preexec_fn: Callable[[], None] | None = None) -> subprocess.Popen[str]:
        (tmp_path / "scenario.toml").write_text(SCENARIO)
        command = [sys.executable, "-m", "mailharness", "up", *arguments]
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        running.append(subprocess.Popen(command, cwd=tmp_path, preexec_fn=preexec_fn, **pipes))
        return running[-1]

    yield starting
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def send(directory: dict[str, Any], sender: str, to: str) -> None:
    domain = next(one for one in directory["domains"] if one["name"] == sender.partition("@")[2])
    endpoint = domain["endpoints"]["submission"]
    with smtplib.SMTP(endpoint["host"], endpoint["port"], timeout=SECONDS) as client:
        client.sendmail(sender, [to], "Subject: Hello\r\n\r\nHello!\r\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_runs_tells_every_event_and_stops_cleanly(start: Start, number: signal.Signals) -> None:
    process = start("scenario.toml", "--json", "--seed", "7", preexec_fn=hang_up_again)
    directory = json.loads(line(process))
    send(directory, "alice@acme.test", "carol@globex.test")
    events = [json.loads(line(process)) for _ in range(4)]
    assert [event["letter"] for event in events] == [1, 1, 1, 1]
    assert {(event["event"], event["host"]) for event in events} == {
        ("submitted", "mail.acme.test"),
        ("accepted", "mx1.globex.test"),
        ("delivered", "mx1.globex.test"),
        ("relayed", "mail.acme.test"),
    }
    pop3 = next(one for one in directory["domains"] if one["name"] == "globex.test")["endpoints"]["pop3"]
    client = poplib.POP3(pop3["host"], pop3["port"], timeout=SECONDS)
    client.user("carol@globex.test")
    client.pass_("secret")
    assert b"Subject: Hello" in client.retr(1)[1]
    client.quit()
    process.send_signal(number)
    _, problems = process.communicate(timeout=SECONDS)
    assert (process.returncode, problems) == (0, "")


def test_for_people_it_prints_a_table_and_a_line_for_each_event(start: Start) -> None:
    process = start()
    rows = list(iter(lambda: line(process).rstrip("\n"), "running; Ctrl-C stops it"))
    assert "exampleA.tst" in rows
    submission = next(row.split()[1] for row in rows if row.startswith("  submission"))
    host, _, port = submission.partition(":")
    with smtplib.SMTP(host, int(port), timeout=SECONDS) as client:
        client.sendmail("userA@exampleA.tst", ["userB@exampleB.tst"], "Subject: Hello\r\n\r\n")
    assert line(process) == "\n"
    assert "  letter 1  mail.exampleA.tst: submitted from <userA@exampleA.tst>" in line(process)
    process.terminate()
    assert process.wait(SECONDS) == 0


def test_a_hangup_is_none_of_its_business_where_it_was_told_so(start: Start) -> None:
    """As under nohup. That a shell ignores SIGINT for what it starts in the background is no such wish."""
    ignored = (signal.SIGHUP, signal.SIGINT)
    before = [signal.signal(number, signal.SIG_IGN) for number in ignored]
    try:
        process = start("--json")
    finally:
        for number, action in zip(ignored, before, strict=True):
            signal.signal(number, action)
    directory = json.loads(line(process))
    process.send_signal(signal.SIGHUP)
    send(directory, "userA@exampleA.tst", "userB@exampleB.tst")
    assert json.loads(line(process))["event"] == "submitted"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)
    assert process.returncode == 0


INTERNATIONAL = """
[[domain]]
name = "m\u00fcller.test"
users = ["j\u00f6rg"]
"""


def test_a_terminal_that_cannot_show_a_name_shows_its_letters_as_numbers(start: Start, tmp_path: Path, monkeypatch) -> None:
    for name, value in {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "international.toml").write_text(INTERNATIONAL, encoding="utf-8")
    process = start("international.toml")
    rows = list(iter(lambda: line(process).rstrip("\n"), "running; Ctrl-C stops it"))
    assert rows[0] == r"m\xfcller.test"
    assert any(r"user          j\xf6rg@m\xfcller.test" in row for row in rows)
    process.terminate()
    _, problems = process.communicate(timeout=SECONDS)
    assert (process.returncode, problems) == (0, "")


def test_commands_are_for_addresses_that_their_programs_can_say() -> None:
    international = Domain("m\u00fcller.test", users=["j\u00f6rg", "ann"])
    with World(international) as world:
        assert [command.split()[0] for command in describe(world)["try"]] == ["dig", "dig"]
        assert all(command.isascii() and "xn--mller-kva.test" in command for command in describe(world)["try"])
    with World(international, Domain("b.test", users=["\u00f6", "ben"])) as world:
        told = describe(world)["try"]
        assert "--from ben@b.test --to ben@b.test" in told[2]
        assert [command.split()[0] for command in told] == ["dig", "dig", "swaks", "curl", "curl"]


def test_its_commands_work_as_they_are_printed(start: Start, program: Callable[[str], str]) -> None:
    process = start("scenario.toml", "--json")
    directory = json.loads(line(process))
    *sending, imap, pop3 = directory["try"]
    answers = [ask(program, command) for command in sending]
    assert any(json.loads(told)["event"] == "delivered" for told in iter(lambda: line(process), ""))  # then it can be read
    answers += [ask(program, command) for command in (imap, pop3)]
    assert [command.split()[0] for command in directory["try"]] == ["dig", "dig", "swaks", "curl", "curl"]
    wanted = ["10 mx1.globex.test.", "ns.nic.test.", "250 2.0.0 Ok", "This is a test mailing", "This is a test mailing"]
    assert [want for want, answer in zip(wanted, answers, strict=True) if want not in answer] == []
    process.terminate()
    assert process.wait(SECONDS) == 0


def ask(program: Callable[[str], str], command: str) -> str:
    name, *arguments = shlex.split(command)
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, timeout=SECONDS, check=True)
    return done.stdout


STRICT = (
    Domain("acme.test", users=[Account("alice", password="two words")], require_tls=True, require_auth=True),
    Domain("globex.test", users=["bob"], require_tls=True),
)


def test_commands_for_domains_that_insist_on_tls_and_passwords(program: Callable[[str], str]) -> None:
    with World(*STRICT) as world:
        *_, swaks, imap, pop3 = describe(world)["try"]
        assert "--auth-password 'two words' --tls" in swaks
        assert "250 2.0.0 Ok" in ask(program, swaks)
        assert len(world.user("bob@globex.test").inbox) == 1
        assert "test mailing" in ask(program, imap)
        assert "test mailing" in ask(program, pop3)


def place(endpoint: Endpoint) -> str:
    return f"{endpoint.host}:{endpoint.port}"


def test_the_table_has_every_door_of_every_host_and_every_user() -> None:
    domains = (Domain("acme.test", users=["alice"], mx=["mx1", "mx2"]), Domain("empty.test"))
    with World(*domains) as world:
        text = table(describe(world))
        assert f"smtp          {place(world.host('mx2.acme.test').smtp):<21}  mx2.acme.test" in text
        assert f"nameserver    {place(world['empty.test'].nameserver):<21}  ns.empty.test" in text
        assert "user          alice@acme.test  password secret" in text
        assert f"root name server   {place(world.root_nameserver)}" in text
        assert str(world.ca_file) in text


def test_the_table_has_every_name_that_stands_for_others_and_every_machine_that_is_not_ours() -> None:
    team = MailingList("team", ["alice", "joe@far.test"])
    acme = Domain("acme.test", users=["alice"], aliases={"info": "alice"}, lists=[team], catch_all="alice")
    with World(acme, Domain("far.test", mx=[Host("mx", external=True)])) as world:
        text = table(describe(world))
        assert "alias         info@acme.test  to alice" in text
        assert "list          team@acme.test  to alice, joe@far.test" in text
        assert "catch-all     *@acme.test  to alice" in text
        assert f"{place(world['far.test'].smtp):<21}  mx.far.test, where a program of yours has to listen" in text


def test_a_world_without_users_still_has_a_name_system_to_try() -> None:
    with World(Domain("acme.test")) as world:
        assert [command.split()[0] for command in describe(world)["try"]] == ["dig", "dig"]


def test_events_are_told_in_order_until_the_end() -> None:
    out, inbox = io.StringIO(), SimpleQueue()
    with World() as world:
        letter = world.user("userA@exampleA.tst").send(to="userB@exampleB.tst")
        letter.trace.assert_delivered()
        told = [event for event in world.journal.of_letter(letter.number) if isinstance(event, Accepted | Delivered)]
        for event in (*told, None):
            inbox.put(event)
        run(world, inbox, out, as_json=False)
    *_, first, second, third = out.getvalue().splitlines()
    assert "letter 1  mail.exampleA.tst: submitted" in first
    assert "letter 1  mail.exampleB.tst: accepted" in second
    assert "letter 1  mail.exampleB.tst: delivered into userB@exampleB.tst/INBOX, UID 1" in third


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "no domain is described"),
        ("x = [", "Invalid value"),
        ("[domain]\nname = 'a.test'", "no domain is described"),
        ("[[domian]]\nname = 'a.test'", "'domian'; did you mean 'domain'?"),
        ("[[domain]]\nusers = ['a']", "domain 1: a name is missing"),
        ("[[domain]]\nname = 5", "domain 1, name: 5 is not a string"),
        ("[[domain]]\nname = 'test'", "is a top-level domain"),
        ("[[domain]]\nname = 'a.test'\nuser = ['a']", "'user'; did you mean 'users'?"),
        ("[[domain]]\nname = 'a.test'\nusers = 'alice'", "users: 'alice' is not a list"),
        ("[[domain]]\nname = 'a.test'\nusers = [5]", "user 1: 5 is not a string"),
        ("[[domain]]\nname = 'a.test'\nusers = ['a', { password = 'x' }]", "user 2: a name is missing"),
        ("[[domain]]\nname = 'a.test'\nusers = [{ name = 'a', quota = '1' }]", "quota: '1' is not a whole number"),
        ("[[domain]]\nname = 'a.test'\nusers = ['a', 'A']", "user 'A' is declared twice"),
        ("[[domain]]\nname = 'a.test'\nmx = [1]", "mx: 1 is not a string"),
        ("[[domain]]\nname = 'a.test'\nmax_size = true", "max_size: True is not a whole number"),
        ("[[domain]]\nname = 'a.test'\nrequire_tls = 'no'", "require_tls: 'no' is not true or false"),
        ("[[domain]]\nname = 'a.test'\ngateway = true", "gateway: True is not a table"),
        ("[[domain]]\nname = 'a.test'\ngateway = { max_sice = 1 }", "'max_sice'; did you mean 'max_size'?"),
        ("domain = [5]", "domain 1: 5 is not a table"),
    ],
)
def test_a_scenario_that_cannot_be_is_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, wanted: str
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    assert main(["up", str(path)]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert wanted in told.err
    assert "bad.toml" in told.err or wanted in {"is a top-level domain", "user 'A' is declared twice"}


def test_a_scenario_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["up", str(tmp_path / "none.toml")]) == 2
    assert "none.toml" in capsys.readouterr().err


def test_a_greeting_that_was_refused_is_told_of_its_session() -> None:
    shut = Host(behaviours=[behaviours.connection_limit(total=0)])
    with World(Domain("acme.test", users=["alice"], host=shut)) as world:
        with pytest.raises(smtplib.SMTPConnectError):
            smtplib.SMTP(*world["acme.test"].smtp)
        (refusal,) = world.journal.of_kind(Refused)
        told = "session 1  mail.acme.test: refused 421 4.7.0 Too many connections (by connection_limit)"
        assert as_line(refusal).endswith(told)
