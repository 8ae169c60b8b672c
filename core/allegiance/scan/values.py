"""Parts of data that can have any form: lists, objects, and the messages that a value holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from allegiance.scan.documents import structured

SILENT = ("reasoning", "item_reference", "compaction", "compaction_summary", "ghost_snapshot")
"""The types of items of the Responses API that say and do nothing."""


def listed(value: Any) -> Sequence[Any]:
    """Return a value if it is a list; else an empty one."""
    return value if isinstance(value, list) else ()


def mapped(value: Any) -> Mapping[str, Any]:
    """Return a value if it is an object; else an empty one."""
    return value if isinstance(value, Mapping) else {}


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list."""
    return (item for item in listed(value) if isinstance(item, Mapping))


def first_of(data: Mapping[str, Any], *names: str) -> Any:
    """Return the first value of these keys that is not None."""
    return next((data[n] for n in names if data.get(n) is not None), None)


def messages_of(value: Any) -> list[Any] | None:
    """Return the messages that a model's recorded input or output holds.

    Returns:
        Messages or items of the Responses API; None if the value has no known form.
    """
    if isinstance(value, str):
        data = structured(value)
        return None if data is None or isinstance(data, str) else messages_of(data)
    if isinstance(value, list):
        inner = value[0] if len(value) == 1 else None
        if isinstance(inner, list):
            return messages_of(inner)
        return value if value and all(_is_message(item) for item in value) else None
    if not isinstance(value, Mapping):
        return None
    for name in ("messages", "output", "generations", "choices", "input", "candidates"):
        if isinstance(inner := value.get(name), list):
            return _inner(name, inner)
    if isinstance(inner := value.get("message"), Mapping) and _is_message(inner):
        return [inner]
    if "tool_calls" in value and "role" not in value and "type" not in value:
        return [{"role": "assistant", **value}]
    return [value] if _is_message(value) else None


def _inner(name: str, items: list[Any]) -> list[Any] | None:
    if name in ("generations", "choices", "candidates"):
        flat: Iterable[Any] = (i[0] if isinstance(i, list) and i else i for i in items)
        found = [mapped(i).get("message") or _plain(mapped(i)) for i in flat]
        return [item for item in found if item is not None]
    return messages_of(items)


def _plain(generation: Mapping[str, Any]) -> Any:
    text = generation.get("text")
    return {"role": "assistant", "content": text} if isinstance(text, str) else None


def _is_message(item: Any) -> bool:
    if isinstance(item, list):
        return len(item) == 2 and all(isinstance(part, str) for part in item)
    if not isinstance(item, Mapping):
        return False
    return "role" in item or "lc" in item or is_typed(item)


def is_typed(item: Mapping[str, Any]) -> bool:
    """Tell whether an object without a role is an item of the Responses API or of LangChain."""
    kind = str(item.get("type"))
    return kind.endswith(("_call", "_call_output")) or kind in (
        *("message", "ai", "human", "system", "tool", "function"),
        *("AIMessage", "HumanMessage", "ToolMessage", "SystemMessage", "AIMessageChunk"),
        *SILENT,
    )
