"""Data that can be written as JSON: no lone surrogates, no endless nesting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEEPEST = 64
"""The deepest nesting of arguments; every JSON reader can read that back."""


def sanitize(value: Any, depth: int = 0) -> Any:
    """Return data that can be written: models do write lone surrogates and endless nesting."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if depth > DEEPEST and isinstance(value, (Mapping, list, tuple)):
        return "..."
    if isinstance(value, Mapping):
        return {
            key if type(key) is str and key.isascii() else sanitize(str(key)): (
                item if type(item) is str and item.isascii() else sanitize(item, depth + 1)
            )
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [sanitize(item, depth + 1) for item in value]
    return value


def sanitize_args(args: object) -> dict[str, Any] | str:
    """Return a call's arguments in a form that can be written: by name, or as a string."""
    if type(args) is dict:
        for name, value in args.items():
            if not (type(name) is type(value) is str and name.isascii() and value.isascii()):
                break
        else:
            return dict(args)  # nearly every call
    cleaned: dict[str, Any] | str = sanitize(
        args if isinstance(args, (str, Mapping)) else str(args)
    )
    return cleaned
