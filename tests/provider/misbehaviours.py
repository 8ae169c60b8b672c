"""The misbehaviours of a provider beyond those of ``chaos_provider``, each a change to an answer.

``BAD_HTTP`` are answers that cannot be used; ``BAD_USAGE`` and ``BAD_CALLS`` are answers that can,
so a trial with them is scored.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response, StreamingResponse

Json = dict[str, Any]

USAGE: dict[str, str] = {
    "usage-float": "1.5",
    "usage-nan": "NaN",
    "usage-infinite": "1e400",
    "usage-negative": "-1000000",
    "usage-string": '"12"',
    "usage-word": '"many"',
    "usage-true": "true",
    "usage-null": "null",
    "usage-list": "[1]",
    "usage-object": "{}",
    "usage-400-digits": "1" + "0" * 400,
}
"""What stands in place of the number of tokens."""

_DEEP = "[" * 10_000 + "]" * 10_000
ARGUMENTS: dict[str, str | None] = {
    "args-deep": f'{{"a": {_DEEP}}}',
    "args-100-deep": '{"a": ' + "[" * 100 + "]" * 100 + "}",
    "args-surrogate": '{"path": "\\ud800"}',
    "args-surrogate-key": '{"\\udfff": "x"}',
    "args-list": "[1, 2]",
    "args-null": "null",
    "args-string": '"x"',
    "args-number": "7",
    "args-true": "true",
    "args-huge-int": '{"path": ' + "9" * 5_000 + "}",
    "args-big-int": '{"path": ' + "9" * 50 + "}",
    "args-nan": '{"path": NaN}',
    "args-infinite": '{"path": 1e999}',
    "args-duplicate": '{"nonsense": 1, "nonsense": 2}',
    "args-empty": "",
    "args-2-mb": '{"path": "' + "x" * 2_000_000 + '"}',
    "args-unfinished": '{"path": "desk',
}
NAMES: dict[str, str] = {
    "name-empty": "",
    "name-unknown": "rm_rf",
    "name-surrogate": "t\ud800ool",
    "name-100-kb": "x" * 100_000,
    "name-markup": "[bold]</script>\x1b[31m",
}
BAD_USAGE = tuple(USAGE)
BAD_CALLS = (*ARGUMENTS, *NAMES, "text-surrogate", "ids-equal", "calls-50")

HTTP: dict[str, Callable[[], Response]] = {
    "400": lambda: JSONResponse({"error": {"message": "no"}}, 400),
    "401": lambda: JSONResponse({"error": {"message": "no key"}}, 401),
    "404": lambda: JSONResponse({"error": {"message": "no model"}}, 404),
    "418": lambda: Response("a teapot", 418),
    "503-html": lambda: Response("<html>down</html>", 503, media_type="text/html"),
    "529": lambda: JSONResponse({"error": {"message": "overloaded"}}, 529),
    "204": lambda: Response(status_code=204),
    "empty-body": lambda: Response("", media_type="application/json"),
    "null-body": lambda: Response("null", media_type="application/json"),
    "list-body": lambda: Response("[]", media_type="application/json"),
    "string-body": lambda: Response('"ok"', media_type="application/json"),
    "deep-body": lambda: Response(f'{{"id": {_DEEP}}}', media_type="application/json"),
    "bad-utf8": lambda: Response(b'{"id": "\xff\xfe"}', media_type="application/json"),
    "not-gzip": lambda: Response(
        "{}", headers={"content-encoding": "gzip"}, media_type="application/json"
    ),
    "redirect-away": lambda: Response(status_code=302, headers={"location": "http://127.0.0.1:9/"}),
    "redirect-loop": lambda: Response(
        status_code=307, headers={"location": "/v1/chat/completions"}
    ),
    "error-in-200": lambda: JSONResponse({"error": {"message": "it broke", "code": 500}}),
    "huge-error": lambda: JSONResponse({"error": {"message": "E" * 5_000_000}}, 400),
    "surrogate-error": lambda: Response(
        '{"error": {"message": "lone \\ud800"}}', 400, media_type="application/json"
    ),
    "retry-after-nan": lambda: _busy("nan"),
    "retry-after-negative": lambda: _busy("-5"),
    "retry-after-word": lambda: _busy("soon"),
    "retry-after-past": lambda: _busy("Wed, 21 Oct 2015 07:28:00 GMT"),
    "drip": lambda: StreamingResponse(_drip(), media_type="application/json"),
}
BAD_HTTP = tuple(HTTP)
NEW = (*BAD_HTTP, *BAD_USAGE, *BAD_CALLS)


def _busy(after: str) -> Response:
    return JSONResponse({"error": {"message": "slow down"}}, 429, {"retry-after": after})


async def _drip() -> Any:
    import asyncio

    for _ in range(600):
        yield " "
        await asyncio.sleep(0.05)


def _call(name: str, arguments: str, number: int = 0) -> Json:
    function = {"name": name, "arguments": arguments}
    return {"id": f"odd-{number}", "type": "function", "function": function}


def misbehave(mode: str, reply: Json, body: Json) -> Response | None:
    """Return the response of a misbehaviour to a request; None if it is none of these.

    Args:
        mode: The misbehaviour.
        reply: The sound answer.
        body: The request. An odd call is made once, at the start of a conversation with tools.
    """
    if mode in HTTP:
        return HTTP[mode]()
    if mode in USAGE:
        reply["usage"]["prompt_tokens"] = "USAGE"
        return _json(json.dumps(reply).replace('"USAGE"', USAGE[mode]))
    if mode not in BAD_CALLS:
        return None
    choice = reply["choices"][0]
    if mode == "text-surrogate":
        choice["message"]["content"] = "lone \ud800 surrogate"
        return _json(json.dumps(reply))
    tools = [tool["function"]["name"] for tool in body.get("tools", ())]
    if not tools or any(message["role"] == "tool" for message in body["messages"]):
        return _json(json.dumps(reply))
    if mode in ARGUMENTS:
        calls = [_call(tools[0], ARGUMENTS[mode] or "")]
    elif mode in NAMES:
        calls = [_call(NAMES[mode], "{}")]
    else:
        ids = range(50) if mode == "calls-50" else (0, 0)
        calls = [_call(tools[0], f'{{"n": {n}}}', n) for n in ids]
    choice["message"] = {"role": "assistant", "content": None, "tool_calls": calls}
    choice["finish_reason"] = "tool_calls"
    return _json(json.dumps(reply))


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
