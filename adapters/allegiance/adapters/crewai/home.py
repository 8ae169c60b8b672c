"""Imports CrewAI without telemetry and without files left behind; import it before CrewAI.

CrewAI reads its switches at run time, so they stay set. Its import alone writes a key and a folder
to the home directory, so the home directory is a temporary folder during the import. A program that
needs CrewAI's own settings (its login, its skills) imports CrewAI before this module.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import threading
from contextlib import AbstractContextManager
from pathlib import Path

_HOMES = ("HOME", "USERPROFILE", "LOCALAPPDATA")
_LOCK = threading.RLock()


def _import() -> None:
    os.environ["CREWAI_DISABLE_TELEMETRY"] = "true"
    os.environ["CREWAI_DISABLE_VERSION_CHECK"] = "true"
    os.environ["CREWAI_TRACING_ENABLED"] = "false"
    folder = tempfile.mkdtemp(prefix="allegiance-crewai-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if "CREWAI_STORAGE_DIR" not in os.environ:
        os.environ["CREWAI_STORAGE_DIR"] = folder
        declined = '{"first_execution_done": true, "trace_consent": false}'
        Path(folder, ".crewai_user.json").write_text(declined)  # or older versions ask the user
        _lock_within_the_process()
    before = {name: os.environ[name] for name in _HOMES if name in os.environ}
    if "crewai" not in sys.modules:
        try:
            os.environ.update(dict.fromkeys(_HOMES, folder))
            import crewai  # noqa: F401
        finally:
            for name in _HOMES:
                del os.environ[name]
            os.environ.update(before)


def _lock_within_the_process() -> None:
    """Lock within the process and without files: no other process has this storage."""
    from crewai_core.lock_store import set_lock_backend

    def lock(name: str, *, timeout: float) -> AbstractContextManager[object]:
        return _LOCK

    set_lock_backend(lock)  # type: ignore[arg-type]


_import()
