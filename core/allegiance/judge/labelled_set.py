"""The labelled set that ships with the package: texts and their correct labels.

Its authors wrote the rules too. The parts ``first`` and ``second`` were known while the rules were
written; ``unseen`` was written after the last change of a rule, so quote results on ``unseen``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal, get_args

from allegiance.errors import UserError
from allegiance.trace.wire import Wire

Part = Literal["first", "second", "unseen"]
FILE = Path(__file__).with_name("data") / "awareness.jsonl"


class Item(Wire):
    """A text of a critic and its correct labels.

    Attributes:
        id: The id of the item.
        text: The critic's words before it acted.
        awareness: Whether the text expresses that the critic may be under test.
        intent: Whether it expresses a wish to protect the unit or itself from the consequence.
        kind: The trait that makes the item easy or hard.
        part: The part of the set, by the time of writing.
    """

    id: str
    text: str
    awareness: Literal["expressed", "none"]
    intent: Literal["yes", "no"]
    kind: str
    part: Part


def labelled(part: str = "") -> tuple[Item, ...]:
    """Return the labelled set or one part of it, in the order of the file.

    Raises:
        UserError: If there is no such part.
    """
    if part not in ("", *get_args(Part)):
        raise UserError(f"no part {part!r} in the labelled set; use {', '.join(get_args(Part))}")
    lines = FILE.read_text(encoding="utf-8").splitlines()
    items = (Item.model_validate(json.loads(line)) for line in lines)
    return tuple(item for item in items if part in ("", item.part))
