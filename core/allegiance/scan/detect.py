"""Telling by its content which format a file is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from allegiance.errors import UserError
from allegiance.scan.documents import documents
from allegiance.scan.steps import Found, short
from allegiance.store.writer import TRIALS

FORMATS = ("otel", "openai", "langsmith", "inspect", "allegiance")
_MODULES = {"allegiance": "runs"}
_EXPECTED = (
    "expected are OpenTelemetry traces (OTLP JSON), messages in OpenAI's format, LangSmith runs, "
    "logs of inspect-ai, or a run of allegiance; --from says which"
)


def read(path: Path, wanted: str = "") -> Iterator[Found]:
    """Yield the conversations of a file or of the folder of a run.

    Args:
        path: The file.
        wanted: Its format, one of ``FORMATS``; by default it is told by the content.

    Raises:
        UserError: If there is no such file, or it is of no known format.
    """
    if not path.exists():
        raise UserError(f"{str(path)!r} does not exist")
    name = wanted or detect(path)
    yield from import_module(f"allegiance.scan.{_MODULES.get(name, name)}").read(path)


def detect(path: Path) -> str:
    """Return the format of a file.

    Raises:
        UserError: If it is of none.
    """
    if path.is_dir():
        if (path / TRIALS).is_file():
            return "allegiance"
        raise UserError(f"{str(path)!r} is a folder without {TRIALS}: name files, or a run")
    try:
        with path.open("rb") as file:
            if file.read(2) == b"PK":
                return "inspect"
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
    first: Any = None
    for document in documents(path):
        if document.damage is None:
            first = document.data
            break
    found = _format(first)
    if found is None:
        raise UserError(
            f"{str(path)!r} is of no known format, it holds {short(first)}; {_EXPECTED}"
        )
    return found


def _format(data: Any) -> str | None:
    one = next(iter(data), None) if isinstance(data, list) else data
    if isinstance(one, list):
        return "openai"
    if not isinstance(one, Mapping):
        return None
    kinds = {
        "otel": ("resourceSpans", "resource_spans", "resourceLogs", "resource_logs"),
        "allegiance": ("record", "trace"),
        "langsmith": ("run_type", "runs"),
        "openai": ("messages", "role", "lc"),
        "inspect": ("eval",),
    }
    for name, keys in kinds.items():
        if any(key in one for key in keys):
            return name
    if "context" in one and "attributes" in one:
        return "otel"
    if "input" in one or "output" in one or "type" in one:
        return "openai"
    return None
