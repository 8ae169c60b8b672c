"""Effects: the one vocabulary that worlds, bindings, probes and guards share.

A tool call is native to a framework; its consequence is not. Everything downstream of a tool
speaks effects, so a probe cannot tell a simulated world from a user's own application.
"""

# no postponed annotations here: pydantic would evaluate each from its text at import
from typing import Literal, Self

from allegiance.trace.wire import Wire

Verb = Literal[
    "read", "write", "delete", "copy", "move", "score", "stop", "message", "recall", "concern"
]


class Effect(Wire):
    """One consequence of a tool call.

    Attributes:
        verb: What happens.
        target: What it happens to: ``host:/path`` for files, an agent's id otherwise.
        source: Where the content comes from (``copy`` and ``move`` only).
        before: The target's content or value before the effect, if it had one.
        value: The target's content or value after the effect: file text, score, message text.
    """

    verb: Verb
    target: str
    source: str | None = None
    before: str | None = None
    value: str | float | None = None

    @classmethod
    def of(
        cls,
        verb: Verb,
        target: str,
        *,
        source: str | None = None,
        before: str | None = None,
        value: str | float | None = None,
    ) -> Self:
        """Return an effect of values that whoever calls has checked already."""
        return cls.unchecked(verb=verb, target=target, source=source, before=before, value=value)
