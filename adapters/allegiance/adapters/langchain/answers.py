"""What an answer of a LangChain client says of its end, and the form in which it is cached."""

from __future__ import annotations

from langchain_core.messages import AIMessage
from pydantic import BaseModel

from allegiance.provider.endings import Ending, read_parts
from allegiance.provider.retry import UnusableAnswer

_ENDS = {
    "openai": ("finish_reason", "status"),
    "anthropic": ("stop_reason",),
}
"""The fields with the reason of an answer's end, by provider; an answer without it is cut off."""
_REASONS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
"""The fields in which some client of LangChain's has that reason."""


def read_end(message: AIMessage) -> Ending:
    """Return how an answer ended, from the fields in which LangChain's clients keep it."""
    data, more = message.response_metadata, message.additional_kwargs
    details = data.get("incomplete_details")
    reasons = [details.get("reason")] if isinstance(details, dict) else []
    reasons += [data.get(field) for field in _REASONS]
    refusal, reasoning = read_parts(message.content)
    return Ending(
        finish=next((str(reason) for reason in reasons if reason), ""),
        refusal=str(more.get("refusal") or refusal),
        reasoning=str(more.get("reasoning_content") or reasoning),
    )


def check_complete(message: AIMessage) -> AIMessage:
    """Return an answer if it is complete.

    Raises:
        UnusableAnswer: If it is cut off: LangChain takes an interrupted stream for a whole answer.
    """
    data = message.response_metadata
    ends = _ENDS.get(data.get("model_provider", ""), ())
    nothing = not (message.content or message.tool_calls or message.invalid_tool_calls or data)
    if nothing or (ends and not any(data.get(end) for end in ends)):
        raise UnusableAnswer("the answer broke off: it has no reason for its end")
    return message


def write_answer(message: AIMessage) -> str:
    """Convert an answer to a JSON string, without the headers of its response.

    Raises:
        TypeError: If the answer holds an object that cannot be read back.
    """
    if isinstance(message.additional_kwargs.get("parsed"), BaseModel):
        raise TypeError("the answer holds a parsed object")
    data = {k: v for k, v in message.response_metadata.items() if k != "headers"}
    return message.model_copy(update={"response_metadata": data}).model_dump_json()
