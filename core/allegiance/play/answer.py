"""Mends answers of the OpenAI protocol before a framework's client reads them.

The clients disagree on what they cannot read: one drops the whole answer for a token count of 1.5,
another for arguments that are a JSON string. Mended before they read it, an answer has the same
consequence in every framework.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from allegiance.play.session import session
from allegiance.play.tool_call import call_args, call_name
from allegiance.reading import reads_text
from allegiance.trace.text import sanitize

AS_TEXT = "arguments_as_text"
"""The key for the arguments of a call that are not a JSON object; the tools look for it."""
LONGEST_BODY = 32_000_000
"""Characters of the longest answer that is mended; a longer one is left to the client."""
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def mend_response(response: Any) -> None:
    """Mend the body of an ``httpx`` response that has been read.

    A response has no public way to replace its body, and the hooks of a client cannot replace the
    response.
    """
    if "json" in response.headers.get("content-type", ""):
        mended = mend_body(response.content, _check_count)
        if mended is not None:
            response._content = mended


async def amend_response(response: Any) -> None:
    """Read and mend a response: a hook for ``httpx.AsyncClient``; a stream is left alone."""
    if "json" in response.headers.get("content-type", ""):
        await response.aread()
        mend_response(response)


def read_and_mend(response: Any) -> None:
    """Read and mend a response: a hook for ``httpx.Client``; a stream is left alone."""
    if "json" in response.headers.get("content-type", ""):
        response.read()
        mend_response(response)


@reads_text("[", "{", '"usage":', limit=LONGEST_BODY)
def mend_body(body: bytes, count: Callable[[object], int]) -> bytes | None:
    """Return an answer with whole token counts and calls that clients can read.

    Args:
        body: The answer.
        count: Returns the number of tokens for a reported count.

    Returns:
        The mended answer; None if it stays as it is, because it is sound or no answer at all.
    """
    if len(body) > LONGEST_BODY:
        return None
    try:
        data = json.loads(body)
        before = json.dumps(data)
        _mend(data, count)
        after = json.dumps(data)
    except (ValueError, RecursionError, TypeError, AttributeError, LookupError):
        return None  # the client says what is wrong with it
    return after.encode() if after != before else None


def _mend(data: Any, count: Callable[[object], int]) -> None:
    usage = data.get("usage")
    if isinstance(usage, dict):
        read, wrote = count(usage.get(_COUNTS[0])), count(usage.get(_COUNTS[1]))
        usage |= dict(zip(_COUNTS, (read, wrote, read + wrote), strict=True))
    for choice in data.get("choices") or ():
        message = choice["message"]
        if isinstance(message.get("content"), str):
            message["content"] = sanitize(message["content"])
        for call in message.get("tool_calls") or ():
            function = call["function"]
            function["name"] = call_name(function.get("name"))
            args = call_args(function.get("arguments"))
            if isinstance(args, str):
                function["arguments"] = json.dumps({AS_TEXT: args})


def _check_count(reported: object) -> int:
    try:
        recorder = session().recorder
    except RuntimeError:  # a request outside of trials
        return 0
    return recorder.check_tokens(reported)
