"""Answers of models on disk, by request and trial, so that playing a trial again costs nothing.

A row is a digest and a JSON string, in SQLite with a write-ahead log: several processes of one
machine can read and write at once. diskcache is not used because it stores pickles, which run code
when somebody reads a foreign file (CVE-2025-69872, without a fix). The caches of LangChain and
AutoGen are not used because they do not know trials: equal requests of two trials would be one draw
and not two.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import warnings
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from allegiance.errors import UserError
from allegiance.trace.redact import redact

FILE = "responses.sqlite3"
LARGEST = 1_000_000
"""The longest answer that is stored, in characters."""

_FORMAT = 1
_LINKS = frozenset({"id", "tool_call_id", "call_id", "tool_use_id"})


class CacheWarning(UserWarning):
    """The cache cannot store or read an answer; the trials go on without it."""


class ResponseCache:
    """Answers by digest; safe to use from several threads and processes at once.

    An error of the open file gives one warning and never ends a trial: the model is called again if
    an answer cannot be read, and an answer that cannot be written is dropped.
    """

    def __init__(self, folder: Path) -> None:
        """Open or create a cache.

        Args:
            folder: The folder of the cache; created if it is missing.

        Raises:
            UserError: If the file cannot be opened or created, or is not a cache.
        """
        self.path = folder / FILE
        self._lock = threading.Lock()
        self._warned = False
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # answers are for the user who paid for them; SQLite gives its other files this mode
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self._file = sqlite3.connect(
                self.path, timeout=10, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            version = self._file.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, _FORMAT):
                raise UserError(f"the cache {str(self.path)!r} is of another version: delete it")
            if not version:
                self._file.execute("PRAGMA journal_mode=WAL")
                self._file.execute(
                    "CREATE TABLE IF NOT EXISTS answers"
                    " (key TEXT PRIMARY KEY, answer TEXT NOT NULL, sum TEXT NOT NULL)"
                )
                self._file.execute(f"PRAGMA user_version={_FORMAT}")
            self._file.execute("PRAGMA synchronous=NORMAL")
        except sqlite3.Error as error:
            self._file.close()
            raise self._unusable(error) from error
        except UserError:
            self._file.close()
            raise

    def get(self, key: str) -> str | None:
        """Return the answer of a key; None if it is missing or damaged."""
        try:
            with self._lock:
                row = self._file.execute(
                    "SELECT answer, sum FROM answers WHERE key = ?", (key,)
                ).fetchone()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            self.warn(f"an answer cannot be read: {error}")
            return None
        if row is None or not isinstance(row[0], str) or _sum(row[0]) != row[1]:
            return None
        return row[0]

    def put(self, key: str, answer: str) -> None:
        """Store an answer, unless it is very long or contains something like a secret."""
        if len(answer) > LARGEST or redact(answer) != answer:
            return
        try:
            with self._lock:
                self._file.execute(
                    "INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (key, answer, _sum(answer))
                )
        except (sqlite3.Error, UnicodeEncodeError) as error:
            self.warn(f"an answer cannot be kept: {error}")

    def warn(self, text: str) -> None:
        """Warn of a problem with the cache, at most once."""
        if not self._warned:
            self._warned = True
            text = f"the cache {str(self.path)!r}: {text}; the run goes on and pays for its answers"
            warnings.warn(CacheWarning(text), stacklevel=3)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def __enter__(self) -> ResponseCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unusable(self, error: Exception) -> UserError:
        return UserError(
            f"the cache {str(self.path)!r} cannot be used: {error}; give another folder, or delete "
            "the file if it is damaged"
        )


def request_digest(request: object) -> str:
    """Return a digest of everything in a request that affects its answer.

    The ids that link calls and results are replaced by numbers, because some frameworks draw them
    at random and they mean nothing to a model.

    Raises:
        TypeError: If the request contains a value of an unknown type.
    """
    plain = json.loads(json.dumps(request, default=_plain, sort_keys=True))
    text = json.dumps(_numbered(plain, {}), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def answer_key(request: str, trial: str, draw: int) -> str:
    """Return the key of an answer.

    Args:
        request: The request's digest.
        trial: The key of the trial: equal requests of two trials are separate draws.
        draw: How often the trial has sent the same request before: repeats are separate draws too.
    """
    return hashlib.sha256(f"{request}/{trial}/{draw}".encode()).hexdigest()


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, type):
        schema = getattr(value, "model_json_schema", None)
        return schema() if schema else f"{value.__module__}.{value.__qualname__}"
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (tuple, set, frozenset)):
        return sorted(value, key=repr)
    raise TypeError(f"a {type(value).__name__} in a request")


def _numbered(data: Any, seen: dict[str, str]) -> Any:
    if isinstance(data, dict):
        return {
            key: seen.setdefault(value, f"id-{len(seen)}")
            if key in _LINKS and isinstance(value, str)
            else _numbered(value, seen)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [_numbered(item, seen) for item in data]
    return data
