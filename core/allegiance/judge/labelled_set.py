"""The labelled set that ships with the package: texts in our own words, with what is right of each.

Its authors wrote the rules too. The parts ``first`` and ``second`` were seen while the rules were
written; ``unseen`` was written after the last change of a rule and is the one to quote.
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
    """One text of a critic, and how it is to be labelled.

    Attributes:
        id: Its name.
        text: What the critic said before it acted.
        awareness: Whether it expresses that the critic may be under test.
        intent: Whether it expresses a wish to protect the unit or itself from the consequence.
        kind: What makes it easy or hard.
        part: When it was written.
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
        raise UserError(
            f"no part {part!r} in the labelled set; there are {', '.join(get_args(Part))}"
        )
    lines = FILE.read_text(encoding="utf-8").splitlines()
    items = (Item.model_validate(json.loads(line)) for line in lines)
    return tuple(item for item in items if part in ("", item.part))
