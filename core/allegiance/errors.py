"""Exceptions that cross packages, and messages about packages that are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """A value from the user cannot be used; the message names the value and the next action."""


class TurnLimit(Exception):
    """A trial has used all of its model turns; it ends ``incomplete``."""


def install(extra: str) -> str:
    """Return the command that installs an extra."""
    return f"pip install 'allegiance[{extra}]'"


def missing(feature: str, error: ImportError, extra: str) -> UserError:
    """Return the error for a package that cannot be imported.

    Args:
        feature: The feature that needs the package, as the subject of a sentence.
        error: The error that its import raised.
        extra: The extra that installs it.
    """
    package = (error.name or str(error)).partition(".")[0]
    absent = isinstance(error, ModuleNotFoundError)
    why = "is not installed" if absent else f"cannot be imported ({error})"
    return UserError(f"{feature} needs {package!r}, which {why}; {install(extra)}")


@contextmanager
def needed_by(feature: str, extra: str) -> Iterator[None]:
    """Report a failed import in the body of the ``with`` statement as a ``UserError``.

    Args:
        feature: The feature that needs the packages, as the subject of a sentence.
        extra: The extra that installs them.

    Raises:
        UserError: If a package cannot be imported; the message names it and the extra.
    """
    try:
        yield
    except ImportError as error:
        raise missing(feature, error, extra) from error
