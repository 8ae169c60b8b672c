"""Bindings of HTTP tools: LangChain's requests, and tools with a method, a URL and a body."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from allegiance.bindings.binding import Binding
from allegiance.bindings.names import fold_args
from allegiance.reading import LONGEST, check_length, reads_text
from allegiance.shell import targets
from allegiance.shell.requests import follow_request
from allegiance.trace.effects import Effect

Args = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete", "head")
_URL = ("url", "uri", "endpoint", "address", "link", "website_url")
_BODY = ("body", "data", "json", "content", "payload", "params", "files", "form", "json_body")
_REQUEST = re.compile(
    r"^(?:http|https|api|web|make|send|rest)_?(?:http_?)?(?:request|call|fetch)(?:_tool)?$"
    r"|^(?:fetch|fetch_url|request|http|curl|web_fetch)$",
    re.IGNORECASE,
)


@reads_text("https://", "%", "/", "?", "&", "@", "[", "a=1&")
def effects(method: str | None, args: Args) -> list[Effect]:
    """Return the effects of a request.

    GET is a ``read`` of the address and DELETE a ``delete``. A body, and the query of the address,
    are each a ``message`` to the address; PUT and PATCH are a ``write`` as well.

    Args:
        method: The method, if the tool's name contains it; None uses the argument ``method``.
        args: The arguments of the call.

    Raises:
        ValueError: If the arguments have no URL, or one that is too long.
    """
    args = fold_args(_unpacked(args))
    address = next((args[n] for n in _URL if args.get(n)), None)
    if not isinstance(address, str):
        raise ValueError(f"the arguments {', '.join(args)} have no URL")
    check_length(address, LONGEST)
    address = address.strip().strip("\"'")
    target = targets.url(address) or targets.url(f"http://{address}") or address
    method = (method or str(args.get("method") or "get")).lower()
    body = {n: args[n] for n in _BODY if args.get(n) not in (None, "", {}, [])}
    query = urlsplit(address if "://" in address else f"http://{address}").query
    texts = [_text(value) for value in body.values()] + ([unquote(query)] if query else [])
    effects = [Effect(verb="message", target=target, value=text) for text in texts]
    if method in ("put", "patch", "post") and not effects:
        effects.append(Effect(verb="message", target=target))
    if method in ("put", "patch"):
        effects.append(Effect(verb="write", target=target, value=texts[0] if texts else None))
    elif method == "delete":
        effects.append(Effect(verb="delete", target=target))
    elif method in ("get", "head"):
        effects.append(Effect(verb="read", target=target))
    follow_request(lambda verb, place, value=None: effects.append(
        Effect(verb=verb, target=place, value=value)), method, address)  # fmt: skip
    return effects


def page_effects(args: Args) -> list[Effect]:
    """Return the effects of a tool that opens a page, such as a browser's."""
    return effects("get", args)


def http() -> list[Binding]:
    """Return bindings of the usual HTTP tools, exact names first."""
    bound = [
        Binding(name, _with(method))
        for method in _METHODS
        for name in (f"requests_{method}", f"http_{method}", f"{method}_request")
    ]
    return [*bound, Binding(_REQUEST, _with(None))]


def _with(method: str | None) -> Callable[[Args], list[Effect]]:
    return lambda args: effects(method, args)


@reads_text("[", "{", '{"a":', '"', "\\")
def _unpacked(args: Args) -> Args:
    """Return the arguments; LangChain's tools take a single string, a URL or JSON with a URL.

    Raises:
        ValueError: If the string is too long, or its JSON is nested too deeply.
    """
    texts = [args[n] for n in ("text", "input", "tool_input", "__arg1") if n in args]
    if any(n in args for n in _URL) or not texts or not isinstance(texts[0], str):
        return args
    check_length(texts[0], LONGEST)
    try:
        inner = json.loads(texts[0])
    except RecursionError as error:
        raise ValueError("the JSON of the argument is nested too deeply") from error
    except ValueError:
        return {"url": texts[0]}
    return inner if isinstance(inner, dict) else {"url": str(inner)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
