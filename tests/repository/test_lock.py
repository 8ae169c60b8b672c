"""The lock file says what to install and not where from, and covers all that is asked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = next(p for p in Path(__file__).parents if (p / "pyproject.toml").exists())
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS, GROUP = ("all", "ray"), "dev"
"""What `make` installs, and `make lock` resolves."""
ENVIRONMENT = {"python_version": "3.11", "python_full_version": "3.11.0"}

_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([\w.!+-]+)(?: ;[^\\]+)? \\$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
_REMARK = re.compile(r"^ *#")


def pins(lock: str) -> dict[str, Version]:
    matches = filter(None, map(_PIN.match, lock.splitlines()))
    return {match[1]: Version(match[2]) for match in matches}


def of_extra(name: str) -> Iterator[Requirement]:
    for text in PROJECT["project"]["optional-dependencies"][name]:
        requirement = Requirement(text)
        if requirement.name == PROJECT["project"]["name"]:
            for extra in sorted(requirement.extras):
                yield from of_extra(extra)
        else:
            yield requirement


def of_group(name: str) -> Iterator[Requirement]:
    for entry in PROJECT["dependency-groups"][name]:
        if isinstance(entry, str):
            yield Requirement(entry)
        else:
            yield from of_group(entry["include-group"])


def direct() -> list[Requirement]:
    """Return what pyproject.toml asks for, where Python 3.11 asks for it."""
    every = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    every += [requirement for extra in EXTRAS for requirement in of_extra(extra)]
    every += of_group(GROUP)
    return [r for r in every if r.marker is None or r.marker.evaluate(ENVIRONMENT)]


def unmet(lock: str, requirements: list[Requirement]) -> list[str]:
    locked = pins(lock)
    return [
        f"{requirement}, locked is {locked.get(canonicalize_name(requirement.name))}"
        for requirement in requirements
        if (version := locked.get(canonicalize_name(requirement.name))) is None
        or not requirement.specifier.contains(version, prereleases=True)
    ]


def foreign(lock: str) -> list[str]:
    """Return the lines that name an address, or are neither a version, a hash nor a remark."""
    return [
        line
        for line in lock.splitlines()
        if "://" in line
        or re.search(r"\s@\s|file:|--(?:extra-)?index|--find-links|/", _without_markers(line))
        or not any(shape.match(line) for shape in (_PIN, _HASH, _REMARK))
    ]


def _without_markers(line: str) -> str:
    return line.partition(" ;")[0]


def test_it_names_no_address() -> None:
    assert foreign(LOCK) == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://mirror.example/simple",
        "--find-links ./wheels",
        "rich @ file:///srv/wheels/rich.whl",
        "rich==14.0.0",
        "    # via -r /home/me/requirements.in",
        "rich>=14 \\",
    ],
)
def test_what_names_an_address_or_has_no_hash_is_noticed(line: str) -> None:
    assert foreign(f"{LOCK}{line}\n") == [line]


def test_every_version_has_a_hash() -> None:
    blocks = re.split(r"^(?=[a-z0-9])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins(LOCK)) > 100
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_it_covers_every_direct_dependency_within_its_bound() -> None:
    assert len(direct()) > 40
    assert unmet(LOCK, direct()) == []


def test_what_it_does_not_cover_is_noticed() -> None:
    older = re.sub(r"^pydantic==\S+", "pydantic==1.10", LOCK, flags=re.MULTILINE)
    less = re.sub(r"^rich==", "wealthy==", LOCK, flags=re.MULTILINE)
    (low,), (missing,) = unmet(older, direct()), unmet(less, direct())
    assert low.startswith("pydantic")
    assert missing.endswith("locked is None")


def test_the_target_of_make_resolves_what_the_test_expects() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    command = text.partition("LOCK := ")[2].partition("\nlock:")[0]
    for extra in EXTRAS:
        assert f"--extra {extra}" in command
    assert f"--group {GROUP}" in command
    assert "--generate-hashes" in command
    assert "--no-emit-index-url" in command
    assert "--no-emit-find-links" in command
