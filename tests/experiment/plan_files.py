"""Plan files that tests write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from allegiance.errors import UserError
from allegiance.experiment.files import load

LOYAL = ["scripted:loyal"]
SMALL = {"models": LOYAL, "blocks": [{"scenarios": ["stop_order"]}]}


def refusal(path: Path | str) -> str:
    with pytest.raises(UserError) as caught:
        load(path)
    return str(caught.value)


def toml(value: object) -> str:
    """Write a value as TOML does within a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def write(folder: Path, data: dict[str, Any], name: str = "plan.toml") -> Path:
    path = folder / name
    text = "".join(f"{toml(key)} = {toml(value)}\n" for key, value in data.items())
    path.write_text(text, encoding="utf-8")
    return path
