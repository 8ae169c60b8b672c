"""How the real-model server cleans and lists the schemas of tools."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_model_modules import (
    ADD,
    JSON,
    USER,
    Json,
    parse,
    schema,
)


def test_listing_is_one_compact_signature_per_tool() -> None:
    """The prompt names arguments, their types and which are optional."""
    system = parse(USER, tools=[ADD]).engine["messages"][0]
    assert (
        "- add(a: integer, b?: integer): Add two numbers.\n    a: The first." in system["content"]
    )


@pytest.mark.parametrize(
    ("dirty", "text"),
    [
        ({"enum": ["on", "off"]}, '"on" | "off"'),
        ({"const": 1}, "1"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer | null"),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, "integer | string"),
        ({"type": "array", "items": {"type": "string"}}, "array of string"),
        ({"allOf": [{"$ref": "#/$defs/P"}]}, "{x: number}"),
        ({"$ref": "#/$defs/Loop"}, "{next?: any}"),
        ({"$ref": "#/$defs/Missing"}, "any"),
        ({}, "any"),
    ],
)
def test_types_are_resolved_and_written_shortly(dirty: Json, text: str) -> None:
    """References are inlined and recursion ends."""
    root = {
        "$defs": {
            "P": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]},
            "Loop": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Loop"}}},
        }
    }
    assert schema.type_text(schema.clean(dirty, root)) == text


def test_unsupported_keywords_are_dropped_and_names_are_kept() -> None:
    """A property may be called like a keyword."""
    dirty = {
        "title": "T",
        "type": "object",
        "strict": True,
        "properties": {"title": {"type": "string", "pattern": "(?=x)", "format": "uri"}},
    }
    assert schema.clean(dirty, dirty) == {
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "additionalProperties": False,
    }


KEYWORDS = st.sampled_from(
    ["type", "enum", "const", "required", "properties", "items", "anyOf", "allOf", "$ref", "$defs"]
)


@given(
    st.recursive(
        JSON | st.sampled_from(["#", "#/$defs/type", "array", "object"]),
        lambda inner: st.dictionaries(KEYWORDS, inner) | st.lists(inner),
    )
)
def test_any_tool_schema_can_be_cleaned_and_listed(parameters: object) -> None:
    """A strange schema from a client is no reason to fail."""
    cleaned = schema.clean(parameters, parameters if isinstance(parameters, dict) else {})
    schema.type_text(cleaned)
    if isinstance(parameters, dict):
        schema.listing([schema.Tool("t", "", parameters)])
        schema.decision_schema([schema.Tool("t", "", parameters)], None)
