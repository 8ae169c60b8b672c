"""Reading an experiment: a preset by its name, or a YAML, TOML or JSON file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from allegiance.errors import UserError
from allegiance.experiment import Block, Experiment
from allegiance.limits import Budget, Price, Spending
from allegiance.nearest import meant
from allegiance.until import Until

PRESETS = ("smoke", "study", "controls", "ci")
FOLDER = Path(__file__).with_name("presets")
LARGEST = 1_000_000
"""Bytes a file may have, and values its aliases may unfold to."""

Place = tuple[int | str, ...]
_MODELS: dict[int | str, Any] = {
    "blocks": Block,
    "limits": Spending,
    "budget": Budget,
    "prices": Price,
    "until": Until,
}


def load(name_or_path: str | Path) -> Experiment:
    """Read a preset, or a file; ``./study`` is a file even though there is a preset of the name.

    Raises:
        UserError: If there is none, it cannot be read, or something in it is wrong; the text names
            the file, the place in it and the value.
    """
    if isinstance(name_or_path, str) and name_or_path in PRESETS:
        return read_file(FOLDER / f"{name_or_path}.toml")
    path = Path(name_or_path)
    if not path.suffix and not path.exists():
        raise UserError(f"no file and no preset {meant(str(name_or_path), PRESETS)}")
    return read_file(path)


def read_file(path: Path) -> Experiment:
    """Read an experiment's file; its ending says what language it is in.

    Raises:
        UserError: As ``load``.
    """
    parse = {".yaml": _yaml, ".yml": _yaml, ".toml": _toml, ".json": _json}.get(path.suffix.lower())
    if parse is None:
        raise UserError(f"{str(path)!r} does not end in .yaml, .toml or .json")
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{str(path)!r} is not UTF-8: {error}") from error
    if len(raw) > LARGEST:
        raise UserError(f"{str(path)!r} has {len(raw):,} bytes; an experiment has few")
    data, lines = parse(text, path)
    if not isinstance(data, dict):
        raise UserError(f"{str(path)!r} holds {type(data).__name__}, not a mapping with `blocks`")
    try:
        wire = json.dumps(data, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{str(path)!r} holds what an experiment cannot: {error}") from error
    try:
        return Experiment.model_validate_json(wire, strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False)
        problems = [
            _problem(e["type"], e["loc"], e["msg"], e["input"], path, lines)
            for e in found
            # an error in an item makes its list too short as well, which says nothing more
            if not any(e["loc"] == o["loc"][: len(e["loc"])] != o["loc"] for o in found)
        ]
        raise UserError("\n".join(problems)) from error


def _problem(kind: str, loc: Place, text: str, given: object, path: Path, lines: Any) -> str:
    where = f"{path}:{line}" if (line := lines(loc)) else str(path)
    place = _spelled(loc)
    if kind == "extra_forbidden":
        model = _MODELS.get(loc[0]) if len(loc) > 1 else Experiment
        known = [f.alias or name for name, f in (model or Experiment).model_fields.items()]
        return f"{where}: unknown key {place!r}: {meant(loc[-1], known)}"
    if kind == "missing":
        return f"{where}: {place!r} is missing; add it"
    if kind == "factors":
        return f"{where}: {place}: {text}"
    shown = repr(given)
    return f"{where}: {place}={shown[:80] + '…' if len(shown) > 80 else shown}: {text}"


def _spelled(loc: Place) -> str:
    """Return ``blocks[0].arms`` for a place in a file."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _no_lines(loc: Place) -> None:
    return None


def _toml(text: str, path: Path) -> tuple[Any, Any]:
    import tomllib

    try:
        return tomllib.loads(text), _no_lines
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{str(path)!r} is not TOML: {error}") from error


def _json(text: str, path: Path) -> tuple[Any, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        _refuse_twice((name for name, _ in pairs), str(path))
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=unique), _no_lines
    except (ValueError, RecursionError) as error:
        raise UserError(f"{str(path)!r} is not JSON: {error}") from error


def _yaml(text: str, path: Path) -> tuple[Any, Any]:
    try:
        import yaml  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise UserError(
            f"{str(path)!r} needs PyYAML, which is not installed; pip install 'allegiance[plans]', "
            "or write TOML"
        ) from error
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        places = _walk(root, path) if root else {}
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{str(path)!r} is not YAML: {error}") from error

    def line(loc: Place) -> int | None:
        return next((places[loc[:n]] for n in range(len(loc), 0, -1) if loc[:n] in places), None)

    return data, line


def _walk(root: Any, path: Path) -> dict[Place, int]:
    """Return the line of every place; refuse a key given twice, and aliases that unfold too far."""
    import yaml

    places: dict[Place, int] = {}
    todo: list[tuple[Place, Any]] = [((), root)]
    steps = 0
    while todo:
        place, node = todo.pop()
        steps += 1
        if steps > LARGEST or len(place) > 100:
            raise UserError(f"{str(path)!r}: its aliases unfold to too much; write them out")
        if isinstance(node, yaml.SequenceNode):
            todo += [((*place, n), child) for n, child in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            keys = [(str(key.value), key, child) for key, child in node.value]
            for name, key, child in keys:
                places[(*place, name)] = key.start_mark.line + 1
                todo.append(((*place, name), child))
            names = [name for name, key, _ in keys if key.tag != "tag:yaml.org,2002:merge"]
            _refuse_twice(names, f"{path}:{node.start_mark.line + 1}")
    return places


def _refuse_twice(names: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UserError(f"{where}: the key {name!r} is given twice; keep one")
        seen.add(name)
