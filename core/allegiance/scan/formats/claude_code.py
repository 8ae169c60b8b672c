"""Sessions of Claude Code: its transcripts, and what it streams as JSON.

A line is a record. Those of type ``user`` and ``assistant`` hold messages of Anthropic; summaries,
snapshots and progress hold none, except the progress of a sub-agent. A conversation is one session.
The calls of a sub-agent have its name: the type that the call which started it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from allegiance.scan.chat import StepLog, records
from allegiance.scan.documents import structured
from allegiance.scan.messages import Message, identity, parse
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import AGENT, Found, Unread, UnreadableError, short
from allegiance.scan.values import first_of, mapped, objects

WANTED = "a record of Claude Code, which is an object with a type"
_SESSION = ("sessionId", "session_id")
_STARTERS = ("Task", "Agent")
_LARGEST_META = 10_000


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file holds records of Claude Code."""
    return Certainty.CERTAIN if opening.has(_is_marked) else Certainty.NONE


def _is_marked(item: Mapping[str, Any]) -> bool:
    if item.get("type") not in ("user", "assistant", "system", "result"):
        return False
    has_session = any(isinstance(item.get(name), str) for name in _SESSION)
    if item["type"] in ("system", "result"):
        return has_session and "subtype" in item
    message = item.get("message")
    has_message = isinstance(message, Mapping) and "role" in message and "content" in message
    return has_message and (has_session or "uuid" in item or "parentUuid" in item)


@dataclass
class _Session:
    """A session while its records are read.

    Attributes:
        log: Its steps.
        actors: Who wrote a record, by the record's id.
        names: The sub-agents, by the ids of the calls that started them, by their prompts, and by
            the ids that Claude Code gives them.
        own: The type of the sub-agent whose file it is.
        started: The sub-agents of which only the result is read, by their ids.
        seen: The records and calls that are read; a session that goes on repeats them.
    """

    log: StepLog = field(default_factory=StepLog)
    actors: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    own: str | None = None
    started: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)


def read(path: Path) -> Iterator[Found]:
    """Yield the sessions of a file.

    Raises:
        UserError: If nothing in it is JSON.
    """
    sessions: dict[str, _Session] = {}
    last, own = "", _agent_type(path)
    for record in records(path, _is_record, WANTED):
        if isinstance(record, Unread):
            yield record
            continue
        name, data = record
        last = identity(first_of(data, *_SESSION)) or last
        if data.get("type") not in ("user", "assistant", "progress"):
            continue
        session = sessions.setdefault(last, _Session(own=own))
        try:
            _add(session, data)
        except (UnreadableError, RecursionError) as error:
            yield Unread(name, str(error) or "nested too deeply")
    for id, session in sessions.items():
        for agent in session.started.values():
            session.log.notes.append(f"what the sub-agent {agent!r} did is in a file of its own")
        yield session.log.conversation(id or "session")


def _agent_type(path: Path) -> str | None:
    """Return the type of the sub-agent whose file this is, from the small file beside it."""
    beside = path.with_suffix(".meta.json")
    try:
        if not path.name.startswith("agent-") or beside.stat().st_size > _LARGEST_META:
            return None
        return identity(mapped(structured(beside.read_text("utf-8"))).get("agentType"))
    except (OSError, UnicodeDecodeError):
        return None


def _is_record(item: Mapping[str, Any]) -> bool:
    return isinstance(item.get("type"), str)


def _add(session: _Session, data: Mapping[str, Any]) -> None:
    if data["type"] == "progress":
        inner = mapped(data.get("data"))
        record = mapped(inner.get("message"))
        if record.get("type") in ("user", "assistant"):
            parent = identity(first_of(data, "parentToolUseID", "toolUseID"))
            known = {"agentId": inner.get("agentId"), "parent_tool_use_id": parent}
            _add(session, {"isSidechain": True, **record, **known})
        return
    id = identity(data.get("uuid"))
    if id is not None and id in session.seen:
        return
    actor = _actor(session, data)
    message = data.get("message")
    if not isinstance(message, Mapping) or "content" not in message:
        raise UnreadableError(f"a record has no readable message: {short(message)}")
    if id is not None:
        session.seen.add(id)
        session.actors[id] = actor
    role = message.get("role") or data["type"]
    parsed = parse({**message, "role": role, "name": None})
    _start(session, message, data)
    _log(session, parsed, actor)


def _log(session: _Session, message: Message, actor: str) -> None:
    session.log.text(actor, message.said)
    for ask in message.asks:
        if ask.id is None or f"call {ask.id}" not in session.seen:
            session.seen.add(f"call {ask.id}")
            session.log.called(actor, ask.name, ask.args, ask.id)
    for answer in message.answers:
        again = f"result {answer.id}" in session.seen
        session.seen.add(f"result {answer.id}")
        if answer.id is None or not again:
            session.log.answered(answer.id, answer.name, answer.text, answer.ok)


def _start(session: _Session, message: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Note which sub-agents the calls of a message start, and the ids that they get."""
    for block in objects(message.get("content")):
        given = mapped(block.get("input"))
        kind = first_of(given, "subagent_type", "agent_type", "name")
        if block.get("name") in _STARTERS and block.get("type") == "tool_use":
            name = str(kind or "subagent")
            session.names[f"call {block.get('id')}"] = name
            session.names[f"prompt {given.get('prompt')}"] = name
        agent = identity(mapped(data.get("toolUseResult")).get("agentId"))
        started = session.names.get(f"call {block.get('tool_use_id')}")
        if agent is not None and started is not None:
            session.names[f"agent {agent}"] = started
            if f"agent {agent}" not in session.seen:
                session.started[agent] = started


def _actor(session: _Session, data: Mapping[str, Any]) -> str:
    """Return who a record is of: the main agent, or a sub-agent by the best name for it."""
    call = first_of(data, "parent_tool_use_id", "parentToolUseID", "sourceToolUseID")
    agent = identity(data.get("agentId"))
    if agent is not None:
        session.seen.add(f"agent {agent}")
        session.started.pop(agent, None)
    name = session.names.get(f"call {call}") or session.names.get(f"agent {agent}")
    if name is not None and (call is not None or data.get("isSidechain")):
        if agent is not None:
            session.names[f"agent {agent}"] = name
        return name
    if not data.get("isSidechain") and (call is None or "agentId" not in data):
        return AGENT
    own = first_of(data, "agentName", "attributionAgent", "agentType", "subagent_type")
    own = own or session.own
    parent = session.actors.get(str(data.get("parentUuid")))
    prompt = session.names.get(f"prompt {_text(data)}")
    name = str(own or parent or prompt or agent or "subagent")
    if agent is not None:
        session.names.setdefault(f"agent {agent}", name)
    return name


def _text(data: Mapping[str, Any]) -> str | None:
    content = mapped(data.get("message")).get("content")
    if isinstance(content, str):
        return content
    return next((str(b.get("text")) for b in objects(content) if b.get("type") == "text"), None)
