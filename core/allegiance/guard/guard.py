"""The guard: a decider that can be attached to an app."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from allegiance.guard.decider import Decider
from allegiance.guard.recent import Recent
from allegiance.trace.events import Event

if TYPE_CHECKING:  # loaded when a guard is attached: a trial needs neither
    from allegiance.guard.attachment import Attachment
    from allegiance.guard.watch import Watch

T = TypeVar("T")


@dataclass
class Guard(Decider):
    """Probes with a policy, attached to an app; the other attributes are those of ``Decider``.

    Example:
        ``with Guard([WeightExfiltration(assets=["models/**"])]).attach(): app.invoke(...)``

    Attributes:
        watches: The watch of the latest run of an app; who needs an earlier one keeps it, because a
            server may attach a guard for each request. ``watches.total`` counts all runs.
    """

    watches: Recent[Watch] = field(default_factory=partial(Recent, most=1), repr=False)

    def attach(self, app: Any = None) -> Attachment:
        """Return a context manager that guards everything that runs inside it.

        Args:
            app: The app, if it runs in a runtime that was started outside the context, or in
                threads without a copy of the context; see the documentation of its framework.
        """
        from allegiance.guard.attachment import Attachment

        return Attachment(self, app, self.watches)

    def wrap_app(self, app: T) -> T:
        """Return an object that is used like the app, and attaches the guard for each run.

        It has the methods of the app. Those that run it (``invoke``, ``stream``, ``run``,
        ``kickoff`` and their kin) are guarded, each run with a watch of its own; the latest is
        ``watches[-1]``.

        Args:
            app: An agent, a graph, a crew, a flow or a team.
        """
        from allegiance.guard.wrapped_app import WrappedApp

        return cast(T, WrappedApp(self, app))

    @property
    def latest_events(self) -> tuple[Event, ...]:
        """The events of the latest run, or those of them that are kept."""
        return self.watches[-1].events if self.watches else ()
