"""The library's door: the public names, each made when it is first asked for."""

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import mailharness

FLOORS = [found.name for found in pkgutil.walk_packages(mailharness.__path__, "mailharness.") if found.ispkg]


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


def test_a_type_checker_sees_the_public_names_and_no_others() -> None:
    door = ast.parse(inspect.getsource(mailharness))
    imported = {alias.name for node in ast.walk(door) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(mailharness.__all__) <= imported
    answers_to_all = [node for node in door.body if isinstance(node, ast.FunctionDef) and node.name == "__getattr__"]
    assert answers_to_all == [], "with this in sight, every misspelt import is of type Any"


@pytest.mark.parametrize("floor", FLOORS)
def test_every_floor_has_what_it_lists(floor: str) -> None:
    module = importlib.import_module(floor)
    assert [name for name in getattr(module, "__all__", ()) if not hasattr(module, name)] == []


def test_a_name_that_is_not_public_is_told_with_the_nearest_that_is() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'Domian'; did you mean 'Domain'\?"):
        _ = mailharness.Domian


def test_a_scenario_file_is_read_by_a_public_name(tmp_path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text('[[domain]]\nname = "acme.test"\nusers = ["alice"]\n', encoding="utf-8")
    assert mailharness.read_toml(path) == (mailharness.Domain("acme.test", users=["alice"]),)
