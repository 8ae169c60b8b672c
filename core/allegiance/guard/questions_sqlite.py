"""Questions in a file of SQLite, which survive the process and can be answered from another."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from allegiance.errors import UserError
from allegiance.guard.questions import Question, Questions


class SqliteQuestions(Questions):
    """Keeps the questions of a guard in a file; several processes may share it.

    A new file can be read by its owner only: arguments may be confidential.

    Args:
        path: The file.

    Raises:
        UserError: If the file cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self._path = str(path)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            with closing(self._connect()) as file, file:
                file.execute(
                    "CREATE TABLE IF NOT EXISTS questions "
                    "(number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, data TEXT)"
                )
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"cannot keep questions in {self._path!r}: {error}") from error

    def put(self, question: Question) -> None:
        """Keep a question, or its new state."""
        with self._lock, closing(self._connect()) as file, file:
            file.execute(
                "INSERT OR REPLACE INTO questions (key, data) VALUES (?, ?)",
                (question.key, question.model_dump_json()),
            )

    def by_key(self, key: str) -> Question | None:
        """Return the latest question with a key."""
        with closing(self._connect()) as file:
            row = file.execute("SELECT data FROM questions WHERE key = ?", (key,)).fetchone()
        return None if row is None else Question.model_validate_json(row[0])

    def all(self) -> list[Question]:
        """Return every question, the oldest first."""
        with closing(self._connect()) as file:
            rows = file.execute("SELECT data FROM questions ORDER BY number").fetchall()
        return [Question.model_validate_json(data) for (data,) in rows]

    def _connect(self) -> sqlite3.Connection:
        # a connection for each use: threads and forked processes cannot share one
        return sqlite3.connect(self._path, timeout=10.0)

    def __deepcopy__(self, memo: object) -> SqliteQuestions:
        """Return a store of the same file: a lock cannot be copied."""
        new = type(self).__new__(type(self))
        Questions.__init__(new)
        new._path = self._path
        return new

    def __getstate__(self) -> str:
        return self._path

    def __setstate__(self, path: str) -> None:
        self.__init__(path)  # type: ignore[misc]
