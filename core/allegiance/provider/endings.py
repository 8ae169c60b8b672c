"""How a model's answer ended, what it reasoned, and what in it cannot be read as conduct.

Providers and frameworks say these things in different fields. Here they become one record of an
answer, and one event of the trace for each thing that a reader of the trace must know.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from allegiance.reading import reads_text
from allegiance.trace.events import Event

Cause = Literal["length", "content_filter", "refusal", "text_call", "empty"]

CAUSES: Mapping[Cause, str] = {
    "length": "the token limit cut it off",
    "content_filter": "a content filter of the provider ended it",
    "refusal": "the model declined in the field for refusals",
    "text_call": "it writes a tool call as text",
    "empty": "it has no text and no call",
}
"""What each cause means, as a clause about the answer."""
UNREADABLE: frozenset[Cause] = frozenset({"length", "content_filter", "text_call"})
"""Causes after which the answer is not known to be what the model would have done."""

_LENGTH = re.compile(r"length|max_(?:output_|completion_)?tokens|model_context_window_exceeded")
_FILTER = re.compile(
    r"content_?filter|safety|refusal|guardrail_intervened|error_toxic|recitation|blocklist|"
    r"prohibited_content|sensitive"
)
_LONGEST_REASON = 100
_TAG = re.compile(r"<(/?)think(?:ing)?>|\[(/?)THINK\]", re.IGNORECASE)
_MARKERS = (
    "<tool_call",
    "<tool_use>",
    "<function=",
    "<function_call",
    "<invoke ",
    "[tool_calls]",
    "<|tool_call",
    "<|python_tag|>",
    "<\uff5ctool",
    "```tool_code",
    "to=functions.",
)
"""What models put before a call in their own notation, in lower case."""
_NAMED = re.compile(
    r'"(?:name|tool|tool_name|function|action)"\s{0,20}:\s{0,20}"([\w.-]{1,100})"'
    r"|^\W{0,4}Action\W{0,4}:\W{0,4}([\w.-]{1,100})",
    re.MULTILINE,
)
_ARGUMENTS = re.compile(
    r'"(?:arguments|parameters|args|input|action_input|tool_input)"\s{0,20}:'
    r"|^\W{0,4}Action Input\b",
    re.MULTILINE,
)
_WORD = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Ending:
    """What a provider says about an answer besides its text and its calls.

    Attributes:
        finish: The provider's own reason for the end, such as ``stop`` or ``max_tokens``.
        refusal: The text in the field for refusals.
        reasoning: What the model reasoned before it answered, if the provider shows it.
    """

    finish: str = ""
    refusal: str = ""
    reasoning: str = ""


@reads_text("length", "_", "content", limit=None)
def finish_cause(finish: str) -> Cause | None:
    """Return the cause that a provider's reason stands for; None for an ordinary end."""
    if not finish:
        return None
    reason = finish[:_LONGEST_REASON].lower()
    if _LENGTH.search(reason):
        return "length"
    return "content_filter" if _FILTER.search(reason) else None


@reads_text("<think>", "</think>", "[THINK]", "<", limit=None)
def split_reasoning(text: str) -> tuple[str, str]:
    """Split an answer into the reasoning in its tags and the rest.

    Reasoning that is not closed goes to the end. What stands before a closing tag without an
    opening one is reasoning too, because chat templates put the opening tag into the prompt.

    Returns:
        The reasoning and the answer.
    """
    if "<" not in text and "[" not in text:
        return "", text  # nearly every answer
    inside: list[str] = []
    outside: list[str] = []
    start, thinking, tags = 0, False, 0
    for tag in _TAG.finditer(text):
        closes = bool(tag[1] or tag[2])
        part = text[start : tag.start()]
        (inside if thinking or (closes and not tags) else outside).append(part)
        start, thinking, tags = tag.end(), not closes, tags + 1
    if not tags:
        return "", text
    (inside if thinking else outside).append(text[start:])
    reasoning = "\n".join(part.strip() for part in inside if part.strip())
    return reasoning, "".join(outside).strip()


@reads_text("<tool_call>", '"name": "', '"arguments":', "Action:", "\n", limit=None)
def written_call(text: str, tools: Collection[str]) -> str:
    """Return the name of a tool that a text calls in a notation of its own; empty if none.

    A call counts if the text has a mark that only calls have, or names the tool and its arguments
    as data do. A mention of a tool in a sentence is no call.

    Args:
        text: The text of an answer.
        tools: The names of the tools that the model may call.
    """
    marks: list[int] = []
    if "<" in text or "[" in text or "`" in text or "=" in text:  # each marker has one of these
        lower = text.lower()
        marks = [position for mark in _MARKERS if (position := lower.find(mark)) >= 0]
    if marks:
        for word in _WORD.finditer(text, min(marks)):
            if word[0] in tools:
                return word[0]
    if ('"' in text or "Action" in text) and _ARGUMENTS.search(text):
        for named in _NAMED.finditer(text):
            name = (named[1] or named[2]).rpartition(".")[2]
            if name in tools:
                return name
    return ""


def read_ending(data: Any) -> Ending | None:
    """Return the ending in a provider's answer; None if the data are no answer.

    Args:
        data: An answer of OpenAI's chat completions or responses, or of Anthropic's messages.
    """
    if not isinstance(data, Mapping):
        return None
    if isinstance(choices := data.get("choices"), list):
        choice = choices[0] if choices and isinstance(choices[0], Mapping) else {}
        message = choice.get("message")
        fields = message if isinstance(message, Mapping) else {}
        parts = [fields, *_mappings(fields.get("content"))]
        return Ending(
            _text(choice.get("finish_reason")),
            _text(fields.get("refusal")),
            _join(_reasoning(part) for part in parts),
        )
    if isinstance(output := data.get("output"), list):
        items = _mappings(output)
        parts = [*items, *(part for item in items for part in _mappings(item.get("content")))]
        details = data.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, Mapping) else None
        return Ending(_text(reason) or _text(data.get("status")), *read_parts(parts))
    if data.get("type") == "message" and "stop_reason" in data:
        return Ending(_text(data["stop_reason"]), *read_parts(data.get("content")))
    return None


def read_parts(parts: Any) -> tuple[str, str]:
    """Return refusal and reasoning in the content of an answer that is a list of parts."""
    if not isinstance(parts, list):
        return "", ""
    items = _mappings(parts)
    refusals = (_text(item.get("refusal")) for item in items if item.get("type") == "refusal")
    return _join(refusals), _join(_reasoning(item) for item in items)


def _reasoning(part: Mapping[str, Any]) -> str:
    """Return the reasoning in a message or in a part of one."""
    kind = part.get("type")
    if kind == "reasoning":  # an item of OpenAI's responses, or LangChain's standard block
        texts = [*_mappings(part.get("summary")), *_mappings(part.get("content"))]
        return _join([_text(part.get("reasoning")), *(_text(t.get("text")) for t in texts)])
    if kind == "thinking":
        thinking = part.get("thinking")
        return _text(thinking) or _join(_text(t.get("text")) for t in _mappings(thinking))
    inner = part.get("reasoning_content")  # DeepSeek, vLLM; Bedrock nests it
    if isinstance(inner, Mapping):
        return _text(inner.get("text"))
    return _text(inner) or _text(part.get("reasoning"))


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _join(texts: Iterable[str]) -> str:
    return "\n".join(text for text in texts if text.strip())


def ending_text(cause: Cause) -> str:
    """Return the text of the event for a cause."""
    return f"{cause}: {CAUSES[cause]}"


def cause_of(event: Event) -> str:
    """Return the cause in an ``ending`` event."""
    return event.text.partition(":")[0]


def why_not_scored(events: Iterable[Event], actor: str) -> str | None:
    """Return why a trial cannot be scored because of how an actor's answers ended, or None.

    A call written as text that the app read and carried out is a call like any other.
    """
    own = [event for event in events if event.actor == actor]
    if not any(event.kind == "ending" for event in own):
        return None
    for event, following in zip_longest(own, own[1:]):
        cause = cause_of(event) if event.kind == "ending" else ""
        carried_out = following is not None and following.kind == "tool_call"
        if cause in UNREADABLE and not (cause == "text_call" and carried_out):
            return f"an answer cannot be scored: {event.text.partition(': ')[2]}"
    return None


def ends_in_refusal(events: Iterable[Event], actor: str) -> bool:
    """Tell whether an actor's last answer is a refusal in the field for refusals."""
    last = ""
    for event in events:
        if event.actor == actor:
            last = cause_of(event) if event.kind == "ending" else ""
    return last == "refusal"
