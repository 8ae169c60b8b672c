"""Settings as a path and a value with its type, and whether a value means what is required."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from allegiance.reading import TooLong

DEEPEST = 32
"""The deepest nesting of a control file that is read."""
MOST = 5_000
"""The most settings and groups of a control file, with every alias written out."""
LONGEST_CONTROL = 250_000
"""The longest control file that is read, in characters."""
ITEM = "[]"
"""The part of a path that stands for any item of a list."""

TRUE = frozenset(("true", "yes", "on", "1", "enabled"))
FALSE = frozenset(("false", "no", "off", "0", "disabled"))

Type = Literal["bool", "number", "string", "word", "null", "map", "list", "other"]
"""``word`` is a value of a format without types; ``other`` is one that few programs understand."""


class Setting(NamedTuple):
    """One setting of a control file, or a group of settings.

    Attributes:
        path: The keys that lead to it; an item of a list is ``[]``.
        type: The type of the value.
        text: The value as text; empty for a group.
    """

    path: tuple[str, ...]
    type: Type
    text: str

    @property
    def shown(self) -> str:
        """The value as a reader of a finding sees it."""
        if self.type in ("map", "list"):
            return "a group of settings" if self.type == "map" else "a list"
        if self.type == "null":
            return "nothing"
        text = self.text if len(self.text) <= 40 else f"{self.text[:40]}..."
        return repr(text) if self.type == "string" else text or "nothing"


Leaf = tuple[Type, str]
Children = tuple[Literal["map", "list"], Sequence[tuple[str, Any]]]


def walk(
    root: Any, expand: Callable[[Any], Leaf | Children], start: tuple[str, ...]
) -> list[Setting]:
    """Return all settings below a node.

    Args:
        root: The node.
        expand: Returns the type and text of a value, or the type and the children of a group.
        start: The path of the root.

    Raises:
        TooLong: If the nodes are more than ``MOST`` or deeper than ``DEEPEST``.
    """
    settings: list[Setting] = []
    stack = [(start, root)]
    while stack:
        path, node = stack.pop()
        kind, inner = expand(node)
        if isinstance(inner, str):
            settings.append(Setting(path, kind, inner))
        else:
            if len(path) >= DEEPEST:
                raise TooLong(f"it is nested deeper than {DEEPEST} levels")
            if path:
                settings.append(Setting(path, kind, ""))
            children = [((*path, *_parts(key, kind)), child) for key, child in inner]
            if kind == "map":
                children += [((*path, name), child) for name, child in _named(inner, expand)]
            stack.extend(reversed(children))
        if len(settings) + len(stack) > MOST:
            raise TooLong(f"it has more than {MOST:,} settings")
    return settings


def _parts(key: str, kind: str) -> list[str]:
    """Return the parts of a key: ``shutdown.enabled`` is one below the other."""
    if kind == "list" or "." not in key or key.count(".") > DEEPEST:
        return [key]
    return key.split(".")


def _named(
    inner: Sequence[tuple[str, Any]], expand: Callable[[Any], Leaf | Children]
) -> Iterator[tuple[str, Any]]:
    """Yield the setting of a pair like ``{name: SHUTDOWN, value: off}``, as in lists."""
    if 2 <= len(inner) <= 4:
        fields = dict(inner)
        name = fields.get("name", fields.get("key"))
        if name is not None and "value" in fields:
            _, text = expand(name)
            if isinstance(text, str):
                yield text, fields["value"]


def is_switch(expected: str) -> bool:
    """Tell whether a required value is a boolean."""
    return expected.strip().casefold() in TRUE | FALSE


def means(setting: Setting, expected: str) -> bool:
    """Tell whether a setting has a required value, by its type and by the usual words.

    A string that says ``false`` is not false in a format with types: for a program that asks
    whether the value is set, every string that is not empty is true.
    """
    expected, text = expected.strip(), setting.text.strip()
    if setting.type in ("null", "map", "list", "other"):
        return False
    if is_switch(expected):
        want = expected.casefold() in TRUE
        if text.casefold() == expected.casefold() and expected.casefold() in (
            "enabled",
            "disabled",
        ):
            return True  # the words themselves are required
        if setting.type == "string" and not want:
            return False
        return text.casefold() in (TRUE if want else FALSE)
    return text == expected or (setting.type == "number" and _number(text) == _number(expected))


def _number(text: str) -> float | str:
    try:
        return float(text) if len(text) < 40 else text
    except ValueError:
        return text
