"""A proxy between an MCP client and an MCP server that decides on every call of a tool.

It passes messages on as they are, in both directions, whatever they say. It answers calls that are
rejected itself, records what others answered, and looks at the descriptions of tools.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import anyio

from allegiance.guard.recent import describe_error, put_bounded
from allegiance.service.client import Decides
from allegiance.service.descriptions import suspicions
from allegiance.service.engine import CallUnknown
from allegiance.service.wire import (
    Answer,
    DecideRequest,
    EndRequest,
    OnFailure,
    ResultRequest,
    failure,
)
from allegiance.trace.digest import digest

if TYPE_CHECKING:
    from mcp.types import JSONRPCMessage

OnPoisoned = Literal["report", "remove"]
Json = dict[str, Any]
Report = Callable[[str], None]


@dataclass
class Proxy:
    """What passes through the proxy; it knows messages and no transport.

    Attributes:
        decider: Decides on calls.
        report: Prints a line for a person.
        agent: The name of the agent in records.
        session: The name of the session.
        on_failure: What becomes of a call that cannot be judged.
        on_poisoned: Whether a tool with instructions in its description is reported, or removed
            from the list as well.
    """

    decider: Decides
    report: Report
    agent: str = "agent"
    session: str = field(default_factory=lambda: f"mcp-{secrets.token_hex(8)}")
    on_failure: OnFailure = "reject"
    on_poisoned: OnPoisoned = "report"

    def __post_init__(self) -> None:
        """Prepare what is remembered."""
        self._calls: dict[str, str] = {}
        self._lists: dict[str, None] = {}
        self._tools: dict[str, str] = {}
        self._removed: set[str] = set()

    def from_client(self, message: Json) -> Json | None:
        """Look at a message of the client.

        Returns:
            The answer to the client if the message must not reach the server; None to pass it on.
        """
        method, message_id = message.get("method"), message.get("id")
        if method == "tools/list" and message_id is not None:
            put_bounded(self._lists, _key(message_id), None)
        if method != "tools/call":
            return None
        if message_id is None:
            self.report("a call without an id was dropped: it cannot be answered")
            return {}
        answer = self._decide(message.get("params"), _key(message_id))
        if answer.failed:
            self.report(answer.message)
        if answer.allowed:
            if answer.call_id:
                put_bounded(self._calls, _key(message_id), answer.call_id)
            return None
        if not answer.failed:
            self.report(f"rejected: {answer.message}")
        text = answer.message or "Rejected by policy."
        if answer.approval:
            text = f"{text} The question is {answer.approval}; call again when it is answered."
        result = {"content": [{"type": "text", "text": text}], "isError": True}
        return {"jsonrpc": "2.0", "id": message_id, "result": result}

    def from_server(self, message: Json) -> Json:
        """Look at a message of the server, and return what the client gets."""
        if "method" in message or "id" not in message:
            return message
        key = _key(message["id"])
        call_id = self._calls.pop(key, None)
        if call_id is not None:
            self._record(call_id, message)
        if key in self._lists:
            del self._lists[key]
            return self._look_at_tools(message)
        return message

    def end(self) -> None:
        """Judge the session as a whole."""
        try:
            answer = self.decider.end(EndRequest(session=self.session))
        except Exception as error:  # noqa: BLE001 - there is nobody left to tell
            self.report(f"the end was not recorded: {describe_error(error)}")
            return
        self._tell(answer)

    def _decide(self, params: object, key: str) -> Answer:
        name = params.get("name") if isinstance(params, Mapping) else None
        args = params.get("arguments") if isinstance(params, Mapping) else None
        if not isinstance(name, str) or not name or len(name) > 300:
            return failure("reject", "the call names no tool")
        if name in self._removed:
            return failure("reject", f"the tool {name!r} has been removed from the list")
        if args is not None and not isinstance(args, dict):
            return failure("reject", "the arguments are not an object")
        try:
            # an answer of a person belongs to the call: a client that calls again has a new id
            mark = digest([name, args])
            waiting = self._tools.get(f"asked {mark}")
            request = DecideRequest(
                session=self.session,
                tool=name,
                args=args or {},
                agent=self.agent,
                call_id=waiting or f"{key}-{mark}",
            )
            answer = self.decider.decide(request)
        except Exception as error:  # noqa: BLE001 - what cannot be judged is decided by the rule
            return failure(self.on_failure, describe_error(error))
        if answer.action == "ask":
            put_bounded(self._tools, f"asked {mark}", answer.call_id)
        elif waiting is not None:
            del self._tools[f"asked {mark}"]
        return answer

    def _record(self, call_id: str, message: Json) -> None:
        result = message.get("result")
        error = message.get("error")
        ok = error is None and isinstance(result, dict) and result.get("isError") is not True
        request = ResultRequest(
            session=self.session,
            call_id=call_id,
            text=_text(result if ok else error or result),
            ok=ok,
        )
        try:
            answer = self.decider.result(request)
        except CallUnknown as unknown:
            self.report(str(unknown.args[0]))
        except Exception as problem:  # noqa: BLE001 - the call has run; the next one is decided
            self.report(f"a result was not recorded: {describe_error(problem)}")
        else:
            self._tell(answer)

    def _look_at_tools(self, message: Json) -> Json:
        result = message.get("result")
        tools = result.get("tools") if isinstance(result, dict) else None
        if not isinstance(result, dict) or not isinstance(tools, list):
            return message
        kept = []
        for tool in tools:
            poisoned = isinstance(tool, dict) and self._look_at(tool)
            if poisoned and self.on_poisoned == "remove":
                self._removed.add(str(tool.get("name")))
            else:
                kept.append(tool)
        return {**message, "result": {**result, "tools": kept}}

    def _look_at(self, tool: Json) -> bool:
        """Report what is suspicious in a tool, and what has changed; return whether it is."""
        name, mark = str(tool.get("name")), digest(tool)
        known = self._tools.get(f"tool {name}")
        if known is not None and known != mark:
            self.report(f"the tool {name!r} has changed since it was listed first")
        put_bounded(self._tools, f"tool {name}", mark)
        found = suspicions(tool)
        for suspicion in found if known != mark else ():
            self.report(f"suspicious: {suspicion}")
        return bool(found)

    def _tell(self, answer: Answer) -> None:
        for finding in answer.findings:
            self.report(f"{finding.status}: {finding.actor} {finding.reason}")


async def run(proxy: Proxy, client: Any, server: Any) -> None:
    """Pass messages on until one side ends.

    Args:
        proxy: Looks at every message.
        client: The streams of the client: what it sends, what it gets.
        server: The streams of the server: what it sends, what it gets.
    """
    from mcp.shared.message import SessionMessage

    from_client, to_client = client
    from_server, to_server = server
    async with anyio.create_task_group() as tasks:

        async def upstream() -> None:
            async for item in from_client:
                if isinstance(item, Exception):
                    proxy.report(f"a message of the client cannot be read: {describe_error(item)}")
                    continue
                data = _data(item.message)
                answer = await anyio.to_thread.run_sync(proxy.from_client, data)
                if answer is None:
                    await to_server.send(item)
                elif answer:
                    await to_client.send(SessionMessage(_message(answer)))
            tasks.cancel_scope.cancel()

        async def downstream() -> None:
            async for item in from_server:
                if isinstance(item, Exception):
                    proxy.report(f"a message of the server cannot be read: {describe_error(item)}")
                    continue
                data = _data(item.message)
                passed = await anyio.to_thread.run_sync(proxy.from_server, data)
                await to_client.send(item if passed is data else SessionMessage(_message(passed)))
            tasks.cancel_scope.cancel()

        tasks.start_soon(upstream)
        tasks.start_soon(downstream)
    proxy.end()


def _data(message: JSONRPCMessage) -> Json:
    data: Json = message.model_dump(by_alias=True, mode="json", exclude_none=True)
    return data


def _message(data: Json) -> JSONRPCMessage:
    from mcp.types import JSONRPCMessage

    return JSONRPCMessage.model_validate(data)


def _key(message_id: object) -> str:
    return json.dumps(message_id)[:200]


def _text(result: object) -> str:
    """Return what a tool answered as one string."""
    if isinstance(result, dict):
        content = result.get("content")
        parts = content if isinstance(content, list) else []
        texts = [p["text"] for p in parts if isinstance(p, dict) and isinstance(p.get("text"), str)]
        if texts:
            return "\n".join(texts)
    return json.dumps(result)
