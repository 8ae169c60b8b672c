"""Questions to persons: each belongs to one call, and its answer can be used once."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from allegiance.service.store import StepStore, read_step
from allegiance.service.wire import Question
from allegiance.trace.redact import redact_all

_COLUMNS = (
    "id, session, call_id, agent, tool, args, reason, state, asked, expires, approver, answered"
)


class QuestionUnknown(LookupError):
    """No question has this id, or it has been answered or has expired."""


@dataclass(frozen=True)
class Asked:
    """A question with what only the service knows.

    Attributes:
        question: The question.
        digest: The digest of agent, tool and arguments.
        collected: Whether the answer has been used.
    """

    question: Question
    digest: str
    collected: bool


class Approvals(Protocol):
    """Where questions are kept; another store can take the place of ours."""

    def ask(
        self, call: Mapping[str, Any], digest: str, reason: str, step: Mapping[str, Any], now: float
    ) -> Question:
        """Keep a question about a call together with the step that records the call."""

    def about(self, session: str, call_id: str, now: float) -> Asked | None:
        """Return the question about a call, if there is one."""

    def collect(self, question: Question, step: Mapping[str, Any], now: float) -> None:
        """Note that the answer has been used, together with the step that records it."""

    def answer(self, question_id: str, allow: bool, approver: str, now: float) -> Question:
        """Answer a question that is pending.

        Raises:
            QuestionUnknown: If no question of this id is pending.
        """

    def pending(self, now: float) -> list[Question]:
        """Return the questions that wait, the oldest first."""


class SqliteApprovals:
    """Questions in the file of the steps.

    Args:
        store: The file.
        seconds: How long a question waits; after that, the answer is no.
    """

    def __init__(self, store: StepStore, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        count = store.database.execute("select count(*) from questions").fetchone()
        self._any = count[0] > 0  # a look into the file takes longer than a decision

    def ask(
        self, call: Mapping[str, Any], digest: str, reason: str, step: Mapping[str, Any], now: float
    ) -> Question:
        """Keep a question about a call together with the step that records the call."""
        question = Question(
            id=secrets.token_hex(8),
            **{key: call[key] for key in ("session", "call_id", "agent", "tool")},
            args=redact_all(call["args"]),
            reason=reason,
            state="pending",
            asked=now,
            expires=now + self._seconds,
        )
        q = question
        self._any = True
        with self._store.writing() as database:
            self._store.append_in(database, q.session, step, now)
            database.execute(
                f"insert into questions ({_COLUMNS}, digest, collected) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (q.id, q.session, q.call_id, q.agent, q.tool, json.dumps({"args": q.args}),
                 q.reason, q.state, q.asked, q.expires, "", None, digest),
            )  # fmt: skip
        return question

    def about(self, session: str, call_id: str, now: float) -> Asked | None:
        """Return the question about a call, if there is one."""
        if not self._any:
            return None
        with self._store.lock:
            row = self._store.database.execute(
                f"select {_COLUMNS}, digest, collected from questions "
                "where session = ? and call_id = ?",
                (session, call_id),
            ).fetchone()
        return None if row is None else Asked(_question(row[:-2], now), row[-2], bool(row[-1]))

    def collect(self, question: Question, step: Mapping[str, Any], now: float) -> None:
        """Note that the answer has been used, together with the step that records it."""
        with self._store.writing() as database:
            database.execute(
                "update questions set collected = 1, state = ? where id = ?",
                (question.state, question.id),
            )
            self._store.append_in(database, question.session, step, now)

    def answer(self, question_id: str, allow: bool, approver: str, now: float) -> Question:
        """Answer a question that is pending.

        Raises:
            QuestionUnknown: If no question of this id is pending.
        """
        with self._store.writing() as database:
            state = "allowed" if allow else "denied"
            done = database.execute(
                "update questions set state = ?, approver = ?, answered = ? "
                "where id = ? and state = 'pending' and expires > ?",
                (state, approver, now, question_id, now),
            )
            if done.rowcount != 1:
                raise QuestionUnknown("no question of this id is pending")
            return _question(_row(database, question_id), now)

    def pending(self, now: float) -> list[Question]:
        """Return the questions that wait, the oldest first."""
        with self._store.lock:
            rows = self._store.database.execute(
                f"select {_COLUMNS} from questions where state = 'pending' "
                "and expires > ? order by asked limit 1000",
                (now,),
            ).fetchall()
        return [_question(row, now) for row in rows]


def _row(database: sqlite3.Connection, question_id: str) -> Any:
    return database.execute(
        f"select {_COLUMNS} from questions where id = ?",
        (question_id,),
    ).fetchone()


def _question(row: Any, now: float) -> Question:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["args"] = read_step(values["args"])["args"]
    if values["state"] == "pending" and values["expires"] <= now:
        values["state"] = "expired"
    return Question.model_validate(values)
