"""What a service keeps on disk: the steps of its sessions and the questions to persons.

A decision is written before it is answered, so that a process that is killed and started again
judges the next call as if nothing had happened. One process at a time uses a file.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from allegiance.errors import UserError
from allegiance.guard.recent import put_bounded
from allegiance.reading import check_length, reads_text

MOST_STEPS = 50_000
"""The steps of a session that can be read again; a longer one cannot be continued."""
LONGEST_STEP = 40_000_000
TOUCH = 30.0
"""Seconds after which it is written again that a session is in use."""
MOST_TOUCHED = 20_000
_TABLES = """
create table if not exists sessions (
    name text primary key, seen real not null) without rowid;
create table if not exists steps (
    number integer primary key, session text not null, step text not null);
create index if not exists steps_of on steps (session);
create table if not exists questions (
    id text primary key, session text not null, call_id text not null, digest text not null,
    agent text not null, tool text not null, args text not null, reason text not null,
    state text not null, asked real not null, expires real not null, approver text not null,
    answered real, collected integer not null, unique (session, call_id));
"""
Step = dict[str, Any]


class StepStore:
    """Steps and sessions in SQLite; safe to use from any thread.

    Args:
        path: The file; None keeps everything in memory.
        wait: Seconds to wait for another process that uses the file.

    Raises:
        UserError: If another process uses the file, or if it cannot be opened.
    """

    def __init__(self, path: Path | None = None, wait: float = 0) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._touched: dict[str, float] = {}
        self._file_lock: FileLock | None = None
        if path is not None:
            self._prepare(path, wait)
        try:
            self.database = sqlite3.connect(
                ":memory:" if path is None else path, check_same_thread=False, isolation_level=None
            )
            # a killed process loses nothing; a machine without power may lose the last steps
            self.database.execute("pragma journal_mode = wal")
            self.database.execute("pragma synchronous = normal")
            self.database.executescript(_TABLES)
        except sqlite3.Error as error:
            self._release()
            raise UserError(f"the state {str(path)!r} cannot be used: {error}") from error

    @property
    def durable(self) -> bool:
        """Whether the steps survive this process."""
        return self.path is not None

    def close(self) -> None:
        """Close the file and let others use it."""
        self.database.close()
        self._release()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Yield the database in a transaction: all of it is written, or nothing."""
        with self.lock:
            self.database.execute("begin immediate")
            try:
                yield self.database
            except BaseException:
                self.database.execute("rollback")
                raise
            self.database.execute("commit")

    def append(self, session: str, step: Mapping[str, Any], now: float) -> None:
        """Add a step to a session."""
        with self.writing() as database:
            self.append_in(database, session, step, now)

    def append_in(
        self, database: sqlite3.Connection, session: str, step: Mapping[str, Any], now: float
    ) -> None:
        """Add a step to a session in a transaction that is open."""
        text = json.dumps(step)
        database.execute("insert into steps (session, step) values (?, ?)", (session, text))
        if now - self._touched.get(session, 0) > TOUCH:
            put_bounded(self._touched, session, now, MOST_TOUCHED)
            database.execute("insert or replace into sessions values (?, ?)", (session, now))

    def steps(self, session: str) -> list[Step]:
        """Return the steps of a session.

        Raises:
            UserError: If there are more than can be read again.
        """
        with self.lock:
            rows = self.database.execute(
                "select step from steps where session = ? order by number limit ?",
                (session, MOST_STEPS + 1),
            ).fetchall()
        if len(rows) > MOST_STEPS:
            raise UserError(
                f"the session has more than {MOST_STEPS:,} steps, which are not read again; "
                "begin a new session"
            )
        return [read_step(text) for (text,) in rows]

    def forget(self, before: float) -> int:
        """Delete sessions that were last used before a time and ask nobody; return how many.

        When a session was used is known to ``TOUCH`` seconds.
        """
        with self.writing() as database:
            names = database.execute(
                "select name from sessions where seen < ? and name not in "
                "(select session from questions where state = 'pending') limit 1000",
                (before,),
            ).fetchall()
            for table, column in (
                ("steps", "session"),
                ("questions", "session"),
                ("sessions", "name"),
            ):
                database.executemany(f"delete from {table} where {column} = ?", names)
        return len(names)

    def drop(self, session: str) -> None:
        """Delete the steps of a session."""
        with self.writing() as database:
            database.execute("delete from steps where session = ?", (session,))
            database.execute("delete from sessions where name = ?", (session,))
        self._touched.pop(session, None)

    def _prepare(self, path: Path, wait: float) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # it holds arguments of calls
            self._file_lock = FileLock(f"{path}.lock", mode=0o600)
            self._file_lock.acquire(timeout=wait)
        except Timeout:
            raise UserError(f"the state {str(path)!r} is used by another process") from None
        except OSError as error:
            raise UserError(
                f"the state {str(path)!r} cannot be used: {error.strerror or error}"
            ) from error

    def _release(self) -> None:
        if self._file_lock is not None:
            self._file_lock.release()


@reads_text('{"k": "call"}', '"', "{", "[", "\\", limit=LONGEST_STEP)
def read_step(text: str) -> Step:
    """Return a step as it was written.

    Raises:
        ValueError: If the string is not a JSON object, or nested too deeply.
    """
    check_length(text, LONGEST_STEP)
    try:
        step = json.loads(text)
    except RecursionError:
        raise ValueError("a step of the state is nested too deeply") from None
    if not isinstance(step, dict):
        raise ValueError("a step of the state is not an object")
    return step
