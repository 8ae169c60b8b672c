"""The pure modules of the real-model server, and requests to them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import strategies as st

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "real_model"


@contextmanager
def _siblings() -> Iterator[None]:
    """Let the modules find each other by their bare names, without leaving a trace."""
    names = ("schema", "protocol", "replies", "fetch")
    saved = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path.insert(0, str(FOLDER))
    try:
        yield
    finally:
        sys.path.remove(str(FOLDER))
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update(saved)


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


with _siblings():
    schema, protocol, replies, fetch = map(_load, ("schema", "protocol", "replies", "fetch"))

Json = dict[str, Any]
USER: Json = {"role": "user", "content": "Add 1 and 2."}


def tool(name: str = "add", **parameters: Any) -> Json:
    function = {"name": name, "description": "Add two\n numbers.", "parameters": parameters}
    return {"type": "function", "function": function}


ADD = tool(
    type="object",
    properties={"a": {"type": "integer", "description": "The first."}, "b": {"type": "integer"}},
    required=["a"],
)
OTHER = tool("ping")
CALL: Json = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    ],
}
RESULT: Json = {"role": "tool", "tool_call_id": "c1", "content": "1"}


def parse(*messages: Json, policy: Any = None, **body: Any) -> Any:
    return protocol.parse_request({"messages": list(messages), **body}, policy or protocol.Policy())


def answer_schema(request: Any) -> Any:
    return request.engine["response_format"]["json_schema"]["schema"]


def allowed_kinds(request: Any) -> list[str]:
    """Name what the grammar allows: each tool, and the answer."""
    grammar = answer_schema(request)
    options = grammar.get("anyOf", [grammar])
    return [o["properties"].get("tool", {"const": "<answer>"})["const"] for o in options]


def engine_result(text: str, reason: str = "stop") -> Json:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "other": {}}
    return {"choices": [{"message": {"content": text}, "finish_reason": reason}], "usage": usage}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
