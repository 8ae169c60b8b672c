"""A scan reads at most a stated size, by the directory of a log and as the bytes come."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from allegiance.errors import UserError
from allegiance.registry import SCAN_FORMATS
from allegiance.scan import documents as documents_module
from allegiance.scan.documents import documents
from allegiance.scan.formats import inspect
from allegiance.scan.steps import Unread

LIMIT = 1000


@pytest.fixture(autouse=True)
def _small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (documents_module, inspect):
        monkeypatch.setattr(module, "LONGEST", LIMIT)


def log(path: Path, size: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("samples/a.json", json.dumps({"messages": [], "x": "A" * size}))
    return path


def test_a_sample_that_unpacks_to_too_much_is_not_read(tmp_path: Path) -> None:
    (sample,) = inspect.read(log(tmp_path / "bomb.eval", 2 * LIMIT))
    assert isinstance(sample, Unread)
    assert "is not read" in sample.why
    (small,) = inspect.read(log(tmp_path / "small.eval", 10))
    assert not isinstance(small, Unread)


def test_bytes_are_counted_as_they_come(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(log(tmp_path / "bomb.eval", 2 * LIMIT)) as file,
        file.open("samples/a.json") as member,
        pytest.raises(ValueError, match="unpacks to more"),
    ):
        inspect._unpacked(member)


def test_a_line_that_is_too_long_is_damage_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(json.dumps([1]) + "\n" + json.dumps(["A" * LIMIT]) + "\n" + json.dumps([2]))
    first, second, third = documents(path)
    assert (first.data, third.data) == ([1], [2])
    assert second.damage is not None
    assert "is not read" in second.damage


def test_a_document_that_is_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "whole.json"
    path.write_text("[\n" + json.dumps("A" * LIMIT) + "\n]")
    with pytest.raises(UserError, match="is read whole"):
        list(documents(path))


@pytest.mark.parametrize("source", SCAN_FORMATS.names())
def test_endless_nesting_is_a_clear_error(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents_module, "LONGEST", 1_000_000)
    path = tmp_path / "deep.jsonl"
    path.write_text("[" * 10_000 + "]" * 10_000 + "\n")
    try:
        causes = [str(getattr(found, "why", "")) for found in SCAN_FORMATS.load(source).read(path)]
    except UserError as error:
        causes = [str(error)]
    assert causes
    assert all(causes)
