"""The one exception whose text is meant for the person at the keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Something the user gave cannot be used; the text names the value and the next action."""


class TurnLimit(Exception):
    """A trial used up its model turns; it ends ``incomplete``."""


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'allegiance[{extra}]'"


def missing(feature: str, error: ImportError, extra: str) -> UserError:
    """Return what a user is told where a package cannot be imported.

    Args:
        feature: What needs the package, as the subject of a sentence.
        error: What importing it raised.
        extra: The extra that brings it.
    """
    package = (error.name or str(error)).partition(".")[0]
    absent = isinstance(error, ModuleNotFoundError)
    why = "is not installed" if absent else f"cannot be imported ({error})"
    return UserError(f"{feature} needs {package!r}, which {why}; {install(extra)}")


@contextmanager
def needed_by(feature: str, extra: str) -> Iterator[None]:
    """Import packages of an extra in the body.

    Args:
        feature: What needs them, as the subject of a sentence.
        extra: The extra that brings them.

    Raises:
        UserError: If one cannot be imported; the text names it and the extra.
    """
    try:
        yield
    except ImportError as error:
        raise missing(feature, error, extra) from error
