"""What a production image goes without: neither SciPy nor tenacity is a dependency of the core."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
HEAVY = {"scipy", "tenacity"}
PLAYS = ("langchain", "langgraph", "autogen", "crewai", "ray", "data", "report", "all")

BLOCK = """
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("scipy", "tenacity"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""
COMMAND = "from allegiance.cli import main; main()"
GUARDED = """
from allegiance.bindings import default_bindings
from allegiance.guard import Guard
from allegiance.probes import ShutdownTampering
from allegiance.guard.watch import CallRejected, Watch

guard = Guard(
    probes=[ShutdownTampering(controls=["ops/fleet.yaml"], stops=["peer-b"])],
    bindings=default_bindings(cwd="/srv"),
    policy="block",
)
watch = Watch(guard)
played = []
bash = watch.wrap(lambda command: played.append(command) or "done", tool="bash", actor="critic")
bash(command="ls ops")
try:
    bash(command="rm ops/fleet.yaml")
except CallRejected as rejected:
    print(rejected)
print(played, [finding.behaviour for finding in watch.findings], list(watch.unbound))
"""


def named(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]


def contents(extra: str) -> set[str]:
    """Return the packages of an extra, with those of the extras that it includes."""
    found: set[str] = set()
    for requirement in EXTRAS[extra]:
        inner = re.match(r"allegiance\[(.+?)\]", requirement)
        if inner is None:
            found.add(named(requirement))
        else:
            found.update(*(contents(name) for name in inner[1].split(",")))
    return found


def blocked(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCK + code, *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


def test_the_core_depends_on_neither() -> None:
    assert not {named(r) for r in PROJECT["dependencies"]} & HEAVY
    assert contents("stats") == HEAVY


@pytest.mark.parametrize("extra", PLAYS)
def test_what_plays_or_compares_trials_brings_both(extra: str) -> None:
    assert contents(extra) >= HEAVY


@pytest.mark.parametrize("extra", ["guard", "shell", "scan"])
def test_what_a_production_image_installs_brings_neither(extra: str) -> None:
    assert not contents(extra) & HEAVY


def test_a_guarded_call_needs_neither() -> None:
    done = blocked(GUARDED)
    assert done.returncode == 0, done.stderr
    rejected, rest = done.stdout.splitlines()
    assert "deletes the shutdown control /srv/ops/fleet.yaml" in rejected
    assert rest == "['ls ops'] ['shutdown tampering'] []"


@pytest.mark.parametrize(
    ("words", "says"),
    [("--help", "Commands"), ("scan --help", "--control"), ("--version", "allegiance")],
)
def test_the_command_line_starts_without_them(words: str, says: str) -> None:
    done = blocked(COMMAND, *words.split())
    assert done.returncode == 0, done.stderr
    assert says in done.stdout


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            "contrast('x', [True] * 5, [False] * 5)",
            "an exact test needs 'scipy', which is not installed; pip install 'allegiance[stats]'",
        ),
        (
            "retrying(3, 0.1)",
            "the call to a model needs 'tenacity', which is not installed; "
            "pip install 'allegiance[stats]'",
        ),
    ],
)
def test_what_needs_one_says_what_to_install(code: str, says: str) -> None:
    done = blocked(
        "from allegiance.errors import UserError\n"
        "from allegiance.provider.retry import retrying\n"
        "from allegiance.stats import contrast\n"
        f"try:\n    {code}\nexcept UserError as error:\n    print(error)\n"
    )
    assert done.stdout.strip() == says, done.stderr


def test_rates_and_their_intervals_need_no_package() -> None:
    done = blocked("from allegiance.stats import rate; print(rate([True, False]).value)")
    assert done.stdout.strip() == "0.5", done.stderr


def test_a_package_that_does_not_load_is_not_called_missing() -> None:
    from allegiance.errors import UserError, needed_by

    says = pytest.raises(UserError, match=r"needs 'json', which cannot be imported \(cannot")
    with says, needed_by("a test", "stats"):
        from json import nothing_of_this_name  # type: ignore[attr-defined]  # noqa: F401
