"""The guard: a decider that can be attached to an app."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from allegiance.guard.decider import Decider
from allegiance.trace.events import Event

if TYPE_CHECKING:  # a trial needs no watch: both are loaded when a guard is attached
    from allegiance.guard.attachment import Attachment
    from allegiance.guard.watch import Watch


@dataclass
class Guard(Decider):
    """A decider for an app: probes with a policy, and what they have seen.

    The other attributes are those of ``Decider``.

    Attributes:
        watches: What the guard sees of each run of an app, in order.
    """

    watches: list[Watch] = field(default_factory=list, repr=False)

    def attach(self, app: Any = None) -> Attachment:
        """Return a context manager that guards what runs inside it, in every framework.

        Args:
            app: The app, for those frameworks and situations that need it; see the documentation
                of runtimes that were started outside the context.
        """
        from allegiance.guard.attachment import Attachment

        return Attachment(self, app, self.watches)

    @property
    def trace(self) -> tuple[Event, ...]:
        """What happened in the app that was attached last."""
        return self.watches[-1].events if self.watches else ()
