"""Reading an experiment: a preset, or a plan file (TOML)."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from allegiance.errors import UserError
from allegiance.experiment.did_you_mean import meant
from allegiance.experiment.experiment import Block, Experiment
from allegiance.experiment.limits import Budget, Price, Spending
from allegiance.reading import reads_text
from allegiance.stats.stop_rule import StopRule

PRESETS = ("smoke", "study", "controls", "ci", "calibrate-pass-mark")
FOLDER = Path(__file__).with_name("presets")
LARGEST = 1_000_000
"""The largest size of a plan file, in bytes."""

_DEEP_KEY = re.compile(r"""(?<![\w.-])(?:[\w"'-]{1,64}+\s{0,4}\.\s{0,4}){32}""")
"""A key of many parts, for which tomllib takes quadratic time."""

ConfigurationKey = tuple[int | str, ...]
_MODELS: dict[int | str, Any] = {
    "blocks": Block,
    "limits": Spending,
    "budget": Budget,
    "prices": Price,
    "until": StopRule,
}


def load(name_or_path: str | Path) -> Experiment:
    """Read a preset or a plan file; ``./study`` names a file although a preset has this name.

    Raises:
        UserError: If it does not exist, cannot be read, or has a wrong value; the message names the
            file, the place in it and the value.
    """
    if isinstance(name_or_path, str) and name_or_path in PRESETS:
        return read_file(FOLDER / f"{name_or_path}.toml")
    path = Path(name_or_path)
    if not path.suffix and not path.exists():
        raise UserError(f"no file and no preset {meant(str(name_or_path), PRESETS)}")
    return read_file(path)


@reads_text("[", "{", "a.", "[a]\n", '"', "=", "#", "a=[", limit=LARGEST)
def read_file(path: Path) -> Experiment:
    """Read a plan file.

    Raises:
        UserError: As ``load``.
    """
    if path.suffix.lower() != ".toml":
        raise UserError(f"{str(path)!r} does not end in .toml; write the plan as a TOML file")
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)  # a device has no end
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise UserError(
            f"{str(path)!r} has {path.stat().st_size:,} bytes; a plan file has at most {LARGEST:,}"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{str(path)!r} is not UTF-8: {error}") from error
    if _DEEP_KEY.search(text):
        raise UserError(f"{str(path)!r} has a key of more than 32 parts; a plan has none")
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(f"{str(path)!r} is not TOML: {error}") from error
    try:
        wire = json.dumps(data, default=str)  # a date becomes a string
    except RecursionError as error:
        raise UserError(f"{str(path)!r} holds what an experiment cannot: {error}") from error
    try:
        return Experiment.model_validate_json(wire, strict=True)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        problems = [
            _problem(e["type"], e["loc"], e["msg"], e["input"], path)
            for e in errors
            # an error in an item also reports its list as too short, which adds nothing
            if not any(e["loc"] == o["loc"][: len(e["loc"])] != o["loc"] for o in errors)
        ]
        raise UserError("\n".join(problems)) from error


def _problem(kind: str, loc: ConfigurationKey, text: str, value: object, path: Path) -> str:
    if kind == "extra_forbidden":
        model = _MODELS.get(loc[0]) if len(loc) > 1 else Experiment
        known = (model or Experiment).model_fields
        table = f"{_spelled(loc[:-1])}: " if len(loc) > 1 else ""
        return f"{path}: {table}unknown key {meant(loc[-1], known)}"
    place = _spelled(loc)
    if kind == "missing":
        return f"{path}: {place!r} is missing; add it"
    if kind == "factors":
        return f"{path}: {place}: {text}"
    shown = repr(value)
    return f"{path}: {place}={shown[:80] + '…' if len(shown) > 80 else shown}: {text}"


def _spelled(loc: ConfigurationKey) -> str:
    """Return ``blocks[0].factors`` for a place in a file."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
