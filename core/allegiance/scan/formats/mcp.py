"""Logs of the Model Context Protocol: the JSON-RPC messages of clients and servers.

A line is a message, alone or in the record of a logger, or a line of text that ends in one. Calls
are the requests ``tools/call``. A conversation is one session of one server as far as the log names
them, else the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog
from allegiance.scan.documents import documents, leading, rows, structured
from allegiance.scan.messages import arguments, value_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import AGENT, Found, Unread, UnreadableError, short
from allegiance.scan.values import first_of, mapped, objects

_MARK = '"jsonrpc"'
_SESSION = ("session_id", "sessionId", "session", "mcp-session-id", "connection_id")
_SERVER = ("server", "server_name", "serverName")
_DEEPEST = 4


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file is a log of the protocol."""
    if opening.has(lambda i: "jsonrpc" in i):
        return Certainty.CERTAIN
    if opening.has(lambda i: next(_messages(i), None) is not None):
        return Certainty.CERTAIN
    in_text = not any(opening.objects) and _MARK in opening.text
    return Certainty.LIKELY if in_text else Certainty.NONE


def read(path: Path) -> Iterator[Found]:
    """Yield the sessions of a log.

    Raises:
        UserError: If the file cannot be read.
    """
    sessions: dict[str, StepLog] = {}
    for name, record in _records(path):
        if isinstance(record, Unread):
            yield record
            continue
        try:
            for message in _messages(record):
                session = sessions.setdefault(_session(record), StepLog())
                _add(session, message)
        except (UnreadableError, RecursionError) as error:
            yield Unread(name, str(error) or "nested too deeply")
    for id, log in sessions.items():
        yield log.conversation(id)


def _records(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the records of a log; lines of text count by the JSON at their end."""
    if not _is_text(path):
        for document in documents(path):
            name = f"line {document.line}"
            if document.damage is not None:
                yield name, Unread(name, document.damage)
            else:
                for item in document.data if isinstance(document.data, list) else [document.data]:
                    yield name, item
        return
    for number, row in rows(path):
        start = row.find("{")
        if start < 0 or _MARK not in row:
            continue
        name = f"line {number}"
        data = leading(row[start:])
        yield name, Unread(name, "cut off or damaged") if data is None else data


def _is_text(path: Path) -> bool:
    """Tell whether the first line that holds a message begins with something else."""
    for _, row in rows(path):
        if _MARK in row:
            return leading(row.lstrip()) is None
    return False


def _messages(record: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield the messages of a record, which may hold them in a field, also as the text of JSON."""
    if isinstance(record, list):
        for item in record:
            yield from _messages(item, depth + 1)
        return
    if not isinstance(record, Mapping) or depth > _DEEPEST:
        return
    if "jsonrpc" in record:
        yield record
        return
    for value in record.values():
        if isinstance(value, str):
            is_message = _MARK in value and value.lstrip().startswith(("{", "["))
            value = structured(value) if is_message else None
        if isinstance(value, (Mapping, list)):
            yield from _messages(value, depth + 1)


def _session(record: Any) -> str:
    values = mapped(record)
    parts = [first_of(values, *_SERVER), first_of(values, *_SESSION)]
    return " ".join(str(part) for part in parts if isinstance(part, (str, int))) or "session"


def _add(log: StepLog, message: Mapping[str, Any]) -> None:
    id = message.get("id")
    key = None if id is None else f"{type(id).__name__} {id}"  # 1 and "1" are two ids
    if message.get("method") == "tools/call":
        params = mapped(message.get("params"))
        tool = params.get("name")
        if not isinstance(tool, str) or not tool:
            raise UnreadableError(f"a tools/call has no name: {short(dict(message))}")
        args = params.get("arguments")
        log.called(AGENT, tool, arguments({} if args is None else args), key)
    elif "method" not in message and key is not None and log.is_open(key):
        error, result = message.get("error"), mapped(message.get("result"))
        if error is not None:
            log.answered(key, None, str(mapped(error).get("message") or value_of(error)), False)
        else:
            log.answered(key, None, _text(result), not result.get("isError"))


def _text(result: Mapping[str, Any]) -> str:
    blocks = [*objects(result.get("content"))]
    texts = [b["text"] for b in blocks if isinstance(b.get("text"), str)]
    if texts:
        return "\n".join(texts)
    structured_content = result.get("structuredContent")
    return value_of(blocks or (structured_content if structured_content is not None else ""))
