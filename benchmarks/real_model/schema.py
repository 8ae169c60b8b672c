"""Turn OpenAI tool definitions into a prompt listing and a JSON schema for the decoder.

Standard library only, so that it can be tested without a model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# Keywords the grammar compiler is known to take. Anything else (a `pattern` without anchors, a
# `format`, a title, `strict`) is dropped: it would be ignored or make the whole request fail.
KEPT = {"type", "enum", "const", "required", "additionalProperties", "minItems", "maxItems"}
KEPT |= {"minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
ANSWER = "answer"


@dataclass(frozen=True)
class Tool:
    """One function the model may call."""

    name: str
    description: str
    parameters: Json


def clean(schema: object, root: Mapping[str, Any], seen: tuple[str, ...] = ()) -> Json:
    """Return a copy of a schema with references resolved and unsupported keywords dropped.

    A recursive or unresolvable reference becomes `{}`, which accepts any value.

    Args:
        schema: The schema or subschema.
        root: The document that local references (`#/$defs/Name`) are resolved in.
        seen: The references that led here.
    """
    if not isinstance(schema, Mapping):
        return {}
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return {} if reference in seen else clean(_find(reference, root), root, (*seen, reference))
    result: Json = {key: value for key, value in schema.items() if key in KEPT}
    for key, kinds in (("enum", list), ("required", list), ("type", (str, list))):
        if not isinstance(result.get(key), kinds):
            result.pop(key, None)
    if isinstance(result.get("additionalProperties"), Mapping):
        result["additionalProperties"] = clean(result["additionalProperties"], root, seen)
    if isinstance(properties := schema.get("properties"), Mapping):
        result["properties"] = {k: clean(v, root, seen) for k, v in properties.items()}
        result.setdefault("type", "object")
        result.setdefault("additionalProperties", False)
    if "items" in schema:
        result["items"] = clean(schema["items"], root, seen)
    for key, name in (("anyOf", "anyOf"), ("oneOf", "anyOf"), ("allOf", "allOf")):
        if isinstance(options := schema.get(key), Sequence):
            cleaned = [clean(option, root, seen) for option in options]
            if len(cleaned) == 1:
                result = {**cleaned[0], **result}
            elif cleaned:
                result[name] = cleaned
    return result


def _find(reference: str, root: Mapping[str, Any]) -> object:
    node: object = root
    for key in reference.removeprefix("#").split("/")[1:]:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def type_text(schema: Mapping[str, Any]) -> str:
    """Write a cleaned schema as a short type, such as `array of string` or `"on" | "off"`."""
    if "enum" in schema:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "anyOf" in schema:
        return " | ".join(type_text(option) for option in schema["anyOf"])
    kind = schema.get("type", "any")
    if not isinstance(kind, str):
        return " | ".join(map(str, kind))
    if kind == "array":
        return f"array of {type_text(schema.get('items', {}))}"
    if kind == "object" and schema.get("properties"):
        return "{" + _arguments(schema) + "}"
    return kind


def _arguments(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    return ", ".join(
        f"{name}{'' if name in required else '?'}: {type_text(value)}"
        for name, value in schema.get("properties", {}).items()
    )


def listing(tools: Sequence[Tool]) -> str:
    """List the tools as signatures, one a line: `- add(a: integer, b?: integer): Add numbers`."""
    lines = []
    for tool in tools:
        signature = _arguments(clean(tool.parameters, tool.parameters))
        lines.append(f"- {tool.name}({signature}): {' '.join(tool.description.split())}")
        properties = tool.parameters.get("properties")
        for name, value in properties.items() if isinstance(properties, Mapping) else ():
            if isinstance(value, Mapping) and (text := value.get("description")):
                lines.append(f"    {name}: {' '.join(str(text).split())}")
    return "\n".join(lines)


def _object(properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def decision_schema(tools: Sequence[Tool], answer: Json | None) -> Json:
    """Return the schema of one turn: a call of one of the tools, or an answer.

    Args:
        tools: The tools that may be called.
        answer: The schema of the answer, or None if the model must call a tool.
    """
    options = []
    for tool in tools:
        parameters = clean(tool.parameters, tool.parameters)
        parameters |= {"type": "object"}
        parameters.setdefault("properties", {})
        parameters.setdefault("additionalProperties", False)
        options.append(_object({"tool": {"const": tool.name}, "arguments": parameters}))
    if answer is not None:
        options.append(_object({ANSWER: answer}))
    return options[0] if len(options) == 1 else {"anyOf": options}
