"""Logs of inspect-ai.

A log is an ``.eval`` file, which is a zip file of JSON, or a ``.json`` file. It is read without
inspect-ai. A sample is a conversation. The events of a sample are read if it
has any, because its messages are those of a single agent; otherwise its messages are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, ZipInfo

from pydantic import ValidationError

from allegiance.errors import UserError, needed_by
from allegiance.reading import TooLong, reads_text
from allegiance.scan.chat import StepLog
from allegiance.scan.documents import documents, load_json, too_large
from allegiance.scan.merge import Execution, TraceMerger
from allegiance.scan.messages import arguments, identity, parse, value_of
from allegiance.scan.opening import Certainty, Opening
from allegiance.scan.steps import (
    Conversation,
    Found,
    MessageStep,
    Step,
    Unread,
    UnreadableError,
    short,
)
from allegiance.store.reader import LONGEST
from allegiance.trace.effects import Effect

ZSTD = 93
_LINK = "attachment://"


def recognizes(opening: Opening) -> Certainty:
    """Return how sure it is that a file is a log, which is zipped or has a key ``eval``."""
    if opening.zipped or opening.has(lambda i: "eval" in i and "samples" in i):
        return Certainty.CERTAIN
    return Certainty.LIKELY if opening.has_key("eval") else Certainty.NONE


@reads_text("PK", "PK\x03\x04", "PK\x05\x06", "\x00", "[", limit=None)
def read(path: Path) -> Iterator[Found]:
    """Yield a conversation for each sample of a log.

    Raises:
        UserError: If the file is not a log of inspect-ai, or is compressed in an unknown way.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"PK"
        if not zipped:
            yield from _json(path)
            return
        with ZipFile(path) as log:
            names = [n for n in log.namelist() if n.startswith("samples/") and n.endswith(".json")]
            if not names:
                raise UserError(f"{str(path)!r} is a zip file without samples/: no log of inspect")
            for name in names:
                stem = Path(name).stem
                try:
                    sample = load_json(_member(log, log.getinfo(name)))
                except TooLong as error:
                    yield Unread(stem, str(error))
                    continue
                except (ValueError, RecursionError, EOFError, BadZipFile, OSError) as error:
                    yield Unread(stem, f"cut off or damaged ({error})")
                    continue
                yield _named(stem, sample)
    except (BadZipFile, OSError) as error:
        raise UserError(f"{str(path)!r} is no whole log of inspect: {error}") from error


def _json(path: Path) -> Iterator[Found]:
    for document in documents(path):
        data = document.data if document.damage is None else {}
        samples = data.get("samples") if isinstance(data, Mapping) else None
        if not isinstance(samples, list):
            why = document.damage or 'there are no "samples" in it'
            raise UserError(f"{str(path)!r} is no log of inspect: {why}")
        for sample in samples:
            named = isinstance(sample, Mapping)
            name = f"{sample.get('id')}_epoch_{sample.get('epoch')}" if named else "sample"
            yield _named(name, sample)


@reads_text("PK", "\x00", "[", limit=LONGEST)
def _member(log: ZipFile, info: ZipInfo) -> bytes:
    """Return a member; newer logs are compressed by Zstandard, which zipfile reads from 3.14 on.

    Raises:
        TooLong: If the member is larger than ``LONGEST``, by the directory or when it is unpacked.
    """
    if max(info.file_size, info.compress_size) > LONGEST:
        raise TooLong(too_large(max(info.file_size, info.compress_size)))
    try:
        with log.open(info) as member:
            return _unpacked(member)
    except NotImplementedError as error:
        if info.compress_type != ZSTD:
            raise UserError(f"{log.filename!r}: {info.filename}: {error}") from error
    with needed_by(f"{log.filename!r}, a log compressed by Zstandard,", "scan"):
        from zstandard import ZstdDecompressor, ZstdError
    with Path(str(log.filename)).open("rb") as file:
        file.seek(info.header_offset + 26)  # the lengths of the name and the extra field
        name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
        file.seek(name + extra, 1)
        data = file.read(info.compress_size)
    try:
        with ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
            return _unpacked(reader)
    except ZstdError as error:
        raise OSError(str(error)) from error


def _unpacked(stream: IO[bytes]) -> bytes:
    """Read a compressed stream to its end, or to the limit: its directory may be wrong.

    Raises:
        TooLong: If it has more than ``LONGEST`` bytes.
    """
    data = stream.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise TooLong(f"it unpacks to more than {LONGEST / 1e6:,.0f} MB and is not read")
    return data


def _named(name: str, sample: Any) -> Found:
    try:
        return _sample(name, sample)
    except (UnreadableError, RecursionError) as error:
        return Unread(name, str(error) or "nested too deep")
    except ValidationError as error:
        return Unread(name, f"its effects are not those of allegiance: {error.errors()[0]['msg']}")


def _sample(name: str, sample: Any) -> Conversation:
    if not isinstance(sample, Mapping) or not isinstance(sample.get("messages"), list):
        raise UnreadableError(f'{short(sample)} is not a sample: there are no "messages" in it')
    links = sample.get("attachments")
    links = links if isinstance(links, Mapping) else {}
    events = [_resolved(e, links) for e in sample.get("events") or () if _acts(e)]
    messages = _resolved(sample["messages"], links)
    steps, found = _event_steps(events, messages) if events else _message_steps(messages)
    problems = list(found)
    if error := sample.get("error"):
        text = error.get("message", error) if isinstance(error, Mapping) else error
        problems.append(f"it ended in an error: {str(text)[:200]}")
    if limit := sample.get("limit"):
        kind = limit.get("type", limit) if isinstance(limit, Mapping) else limit
        problems.append(f"it was cut short by a limit: {kind}")
    meta = sample.get("metadata")
    if isinstance(meta, Mapping) and meta.get("truncated"):
        problems.append(f"it was cut short: {meta['truncated']}")
    return Conversation(name, steps, tuple(problems), cut=bool(error or limit))


def _acts(event: object) -> bool:
    kinds = ("tool", "model", "span_begin")
    return isinstance(event, Mapping) and event.get("event") in kinds


def _event_steps(
    events: list[Any], messages: list[Any]
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Return the steps of events, after those that only messages hold."""
    merger = TraceMerger()
    actors: dict[Any, str] = {}
    for at, event in enumerate(events, 1):
        kind, span = event["event"], event.get("span_id")
        if kind == "span_begin":
            outer = actors.get(event.get("parent_id"))
            name = event.get("name") if event.get("type") == "agent" else outer
            if name:
                actors[event.get("id")] = str(name)
        elif kind == "tool":
            merger.run(_tool(event, at, actors.get(span)))
        else:
            output = event.get("output")
            choices = output.get("choices") if isinstance(output, Mapping) else None
            for choice in choices if isinstance(choices, list) else ():
                if isinstance(choice, Mapping) and "message" in choice:
                    merger.output(at, actors.get(span), parse(choice["message"]))
    for data in messages:
        merger.history(0, parse(data))
    return merger.steps()


def _message_steps(messages: list[Any]) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Return the steps of messages; those of allegiance name every actor and its effects."""
    log = StepLog()
    for data in messages:
        message = parse(data)
        meta = data.get("metadata")
        own = meta if isinstance(meta, Mapping) and "actor" in meta else None
        if own is None:
            log.message(message)
            continue
        who, text = str(own["actor"]), str(data.get("content") or "")
        if not message.answers and text.strip():
            log.steps.append(MessageStep(who, text.removeprefix(f"[{who}] ")))
        intended = own.get("intended")
        for ask in message.asks:
            effects = intended.get(ask.id) if isinstance(intended, Mapping) else None
            log.called(who, ask.name, ask.args, ask.id, _effects(effects))
        for answer in message.answers:
            ok = data.get("error") is None
            log.answered(answer.id, answer.name, text, ok, _effects(own.get("effects")))
    return tuple(log.steps), tuple(log.problems)


def _tool(event: Mapping[str, Any], at: int, span: str | None) -> Execution:
    tool, error = event.get("function"), event.get("error")
    if not isinstance(tool, str) or not tool:
        raise UnreadableError(f"a tool event has no function: {short(dict(event))}")
    result = event.get("result")
    ended = event.get("completed") is not None or error is not None or bool(result)
    return Execution(
        tool=tool,
        args=arguments(event.get("arguments")),
        id=identity(event.get("id")),
        actor=str(event["agent"]) if event.get("agent") else span,
        start=at,
        end=at if ended and not event.get("pending") else None,
        text=value_of(result) or None,
        ok=error is None,
    )


def _effects(found: Any) -> tuple[Effect, ...] | None:
    if not isinstance(found, list):
        return None
    return tuple(Effect.model_validate(item) for item in found)


def _resolved(data: Any, links: Mapping[str, Any]) -> Any:
    """Return data with the long texts that a log keeps apart put back."""
    if isinstance(data, str) and data.startswith(_LINK):
        return links.get(data.removeprefix(_LINK), data)
    if isinstance(data, Mapping):
        return {key: _resolved(value, links) for key, value in data.items()} if links else data
    if isinstance(data, list):
        return [_resolved(value, links) for value in data] if links else data
    return data
