"""Questions to a person and their answers; each answer belongs to one call.

A question is kept with the call's id, a digest of its arguments, its agent and its namespace: the
conversation and the place in a graph. An answer counts for that call alone, whatever its arguments
are later. ``SqliteQuestions`` keeps questions in a file, so that they survive the process.
"""

# no postponed annotations in this module: pydantic would evaluate each of them at import
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from time import time
from typing import Any, Literal
from uuid import uuid4

from allegiance.guard.recent import put_bounded
from allegiance.trace.events import Event
from allegiance.trace.wire import Wire

MOST_QUESTIONS = 10_000
"""The questions that a guard keeps in memory."""


class Answer(Wire):
    """What a person says to a question.

    Attributes:
        allow: Whether the call may run.
        approver: Who answers.
        reason: Why.
        args: Other arguments to run the tool with; they are judged again.
        time: When the answer came, in seconds since 1970.
        expires: Until when the answer counts, in seconds since 1970; None for ever.
    """

    allow: bool
    approver: str = ""
    reason: str = ""
    args: dict[str, Any] | None = None
    time: float = 0.0
    expires: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the answer has expired."""
        return self.expires is not None and time() >= self.expires


class Question(Wire):
    """A call that waits for a person.

    Attributes:
        id: Names the question.
        key: What the answer belongs to: namespace, agent, call, tool and arguments.
        namespace: The conversation and the place in its graph, or the run.
        conversation: The part of the namespace that names the conversation.
        call_id: The framework's id of the call, if it has one.
        actor: The agent that calls.
        tool: The tool.
        args: The arguments.
        digest: A digest of the tool and its arguments.
        reason: Why the question is asked.
        asked: When it was asked, in seconds since 1970.
        expires: Until when it can be answered; None for ever.
        answer: The answer, or None while the question is open.
    """

    id: str
    key: str
    namespace: str
    conversation: str = ""
    call_id: str = ""
    actor: str
    tool: str
    args: dict[str, Any] | str = ""
    digest: str
    reason: str = ""
    asked: float
    expires: float | None = None
    answer: Answer | None = None

    @property
    def status(self) -> Literal["open", "allowed", "rejected", "expired"]:
        """Whether the question is open, and what came of it."""
        if self.answer is not None:
            return "allowed" if self.answer.allow else "rejected"
        return "expired" if self.expires is not None and time() >= self.expires else "open"


@dataclass(frozen=True)
class CallKey:
    """What an answer belongs to; the attributes are those of ``Question``."""

    namespace: str
    conversation: str
    call_id: str
    actor: str
    tool: str
    digest: str

    @property
    def text(self) -> str:
        """The key as one string."""
        parts = (self.namespace, self.call_id, self.actor, self.tool, self.digest)
        return sha256("\0".join(parts).encode()).hexdigest()


class Questions:
    """Keeps the questions of a guard in memory; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._by_key: dict[str, Question] = {}

    def put(self, question: Question) -> None:
        """Keep a question, or its new state."""
        with self._lock:
            self._by_key.pop(question.key, None)
            put_bounded(self._by_key, question.key, question, MOST_QUESTIONS)

    def by_key(self, key: str) -> Question | None:
        """Return the latest question with a key."""
        with self._lock:
            return self._by_key.get(key)

    def all(self) -> list[Question]:
        """Return every question that is kept, the oldest first."""
        with self._lock:
            return list(self._by_key.values())

    def open(self) -> list[Question]:
        """Return the questions that wait for an answer, the oldest first."""
        return [question for question in self.all() if question.status == "open"]

    def answer(self, question_id: str, answer: Any, **details: Any) -> Question:
        """Answer an open question; the call gets the answer when it is tried again.

        Args:
            question_id: The ``id`` of the question.
            answer: True, False or an ``Answer``.
            details: Attributes of the ``Answer``, such as ``approver``.

        Raises:
            LookupError: If no such question is open.
        """
        with self._lock:
            for question in self.open():
                if question.id == question_id:
                    read = read_answer(answer, question.call_id)
                    read = read.model_copy(update={"time": read.time or time(), **details})
                    new = question.model_copy(update={"answer": read})
                    self.put(new)
                    return new
        raise LookupError(f"no question {question_id!r} is open")

    def refusal(self, key: CallKey) -> Question | None:
        """Return the question of the same call that a person answered with no."""
        if not key.conversation:
            return None
        for question in reversed(self.all()):
            if (
                question.status == "rejected"
                and question.conversation == key.conversation
                and question.digest == key.digest
                and question.actor == key.actor
                and question.call_id == key.call_id
            ):
                return question
        return None

    def __deepcopy__(self, memo: object) -> "Questions":
        """Return an empty store: a lock cannot be copied."""
        return type(self)()


def ask_question(key: CallKey, event: Event, reason: str, seconds: float | None) -> Question:
    """Return a new question about a call.

    Args:
        key: What the answer belongs to.
        event: The call.
        reason: Why it is asked.
        seconds: How long it can be answered; None for ever.
    """
    now = time()
    return Question(
        id=uuid4().hex,
        key=key.text,
        namespace=key.namespace,
        conversation=key.conversation,
        call_id=key.call_id,
        actor=key.actor,
        tool=key.tool,
        args=event.args if isinstance(event.args, str) else dict(event.args or {}),
        digest=key.digest,
        reason=reason,
        asked=now,
        expires=None if seconds is None else now + seconds,
    )


def read_answer(value: object, call_id: str = "") -> Answer:
    """Read what a person or an app answers; anything that is not a clear yes is a no.

    Args:
        value: ``True``, an ``Answer``, a mapping with its attributes, or a mapping from the ids of
            calls to answers.
        call_id: The call, for a mapping from ids.
    """
    if isinstance(value, Answer):
        return value
    if isinstance(value, Mapping):
        if call_id and call_id in value and "allow" not in value:
            return read_answer(value[call_id])
        fields = {k: v for k, v in value.items() if k in Answer.model_fields}
        try:
            return Answer.model_validate(fields, strict=True)
        except ValueError:
            return Answer(allow=False, reason="the answer cannot be read", time=time())
    return Answer(allow=value is True, time=time())


def stamp(answer: Answer) -> Answer:
    """Return an answer with the time, if it has none."""
    return answer if answer.time else answer.model_copy(update={"time": time()})


def digest_call(tool: str, args: object) -> str:
    """Return a digest of a tool and its arguments."""
    return sha256(json.dumps([tool, args], sort_keys=True, default=str).encode()).hexdigest()[:32]
