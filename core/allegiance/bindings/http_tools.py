"""HTTP tools: requests of LangChain's toolkit, and of tools with a method, a URL and a body."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from allegiance.bindings.binding import Binding
from allegiance.shell import targets
from allegiance.trace.effects import Effect

Args = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete", "head")
_URL = ("url", "uri", "endpoint", "address", "link", "website_url")
_BODY = ("body", "data", "json", "content", "payload", "params", "files", "form", "json_body")
_ONE = re.compile(
    r"^(?:http|https|api|web|make|send|rest)_?(?:http_?)?(?:request|call|fetch)(?:_tool)?$"
    r"|^(?:fetch|fetch_url|request|http|curl|web_fetch)$",
    re.IGNORECASE,
)


def effects(method: str | None, args: Args) -> list[Effect]:
    """Return the effects of a request.

    A GET is a ``read`` of the address and a DELETE a ``delete``; whatever else goes there is a
    ``message``, and a ``write`` as well for PUT and PATCH. What the address itself carries in its
    query counts as said.

    Args:
        method: The method, where the tool's name says it.
        args: The arguments of the call.

    Raises:
        ValueError: If there is no address.
    """
    args = _unpacked(args)
    address = next((args[n] for n in _URL if args.get(n)), None)
    if not isinstance(address, str):
        raise ValueError(f"no URL among the arguments: {', '.join(args)}")
    address = address.strip().strip("\"'")
    target = targets.url(address) or targets.url(f"http://{address}") or address
    method = (method or str(args.get("method") or "get")).lower()
    body = {n: args[n] for n in _BODY if args.get(n) not in (None, "", {}, [])}
    query = urlsplit(address if "://" in address else f"http://{address}").query
    said = [_text(value) for value in body.values()] + ([unquote(query)] if query else [])
    found = [Effect(verb="message", target=target, value=text) for text in said]
    if method in ("put", "patch", "post") and not found:
        found.append(Effect(verb="message", target=target))
    if method in ("put", "patch"):
        found.append(Effect(verb="write", target=target, value=said[0] if said else None))
    elif method == "delete":
        found.append(Effect(verb="delete", target=target))
    elif method in ("get", "head"):
        found.append(Effect(verb="read", target=target))
    return found


def http() -> list[Binding]:
    """Return bindings of the usual HTTP tools, exact names first."""
    bound = [
        Binding(name, _with(method))
        for method in _METHODS
        for name in (f"requests_{method}", f"http_{method}", f"{method}_request")
    ]
    return [*bound, Binding(_ONE, _with(None))]


def _with(method: str | None) -> Callable[[Args], list[Effect]]:
    return lambda args: effects(method, args)


def _unpacked(args: Args) -> Args:
    """Return the arguments; LangChain's tools take one text, a URL or JSON that holds it."""
    texts = [args[n] for n in ("text", "input", "tool_input", "__arg1") if n in args]
    if any(n in args for n in _URL) or not texts or not isinstance(texts[0], str):
        return args
    try:
        inner = json.loads(texts[0])
    except ValueError:
        return {"url": texts[0]}
    return inner if isinstance(inner, dict) else {"url": str(inner)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
