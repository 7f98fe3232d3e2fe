"""The library's door: the public names, each made when it is first asked for."""

import subprocess
import sys

import pytest

import mailharness


def test_the_door_lists_the_public_names_and_nothing_else() -> None:
    assert sorted(dir(mailharness)) == sorted([*mailharness.__all__, "__version__"])
    assert mailharness.__all__ == sorted(mailharness.__all__)


@pytest.mark.parametrize("name", mailharness.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(mailharness, name).__name__.rpartition(".")[2] == name


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_door_is_cheap_to_open() -> None:
    heavy = {"asyncio", "ssl", "aiosmtpd", "aiosmtplib", "imapclient", "dnslib", "email.message", "mailharness.world"}
    assert run_python(f"import sys, mailharness; print(*{heavy} & set(sys.modules))") == ""


def test_a_name_that_is_not_public_is_told_with_the_nearest_that_is() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'Domian'; did you mean 'Domain'\?"):
        _ = mailharness.Domian


def test_a_scenario_file_is_read_by_a_public_name(tmp_path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text('[[domain]]\nname = "acme.test"\nusers = ["alice"]\n', encoding="utf-8")
    assert mailharness.read_toml(path) == (mailharness.Domain("acme.test", users=["alice"]),)
