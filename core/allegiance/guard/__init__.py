"""Probes at run time: a guard decides on a tool call before the tool runs.

A ``Guard`` holds probes, a policy and bindings. Attached to an app it yields a ``Watch``, which
records every call of one run. A decision is data, never an exception, and a guard that fails
rejects the call. Names are loaded when they are first used, so that the package imports quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from allegiance.guard.attachment import Attachment as Attachment
    from allegiance.guard.decider import Decider as Decider
    from allegiance.guard.decision import Action as Action
    from allegiance.guard.decision import Ask as Ask
    from allegiance.guard.decision import Decision as Decision
    from allegiance.guard.decision import Policy as Policy
    from allegiance.guard.decision import Sink as Sink
    from allegiance.guard.guard import Guard as Guard
    from allegiance.guard.watch import CallRejected as CallRejected
    from allegiance.guard.watch import GuardBypassed as GuardBypassed
    from allegiance.guard.watch import Watch as Watch
else:
    _MODULES = {
        "Action": "decision",
        "Ask": "decision",
        "Attachment": "attachment",
        "CallRejected": "watch",
        "Decider": "decider",
        "Decision": "decision",
        "Guard": "guard",
        "GuardBypassed": "watch",
        "Policy": "decision",
        "Sink": "decision",
        "Watch": "watch",
    }

    def __getattr__(name: str) -> object:
        """Load a name from the module that defines it."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        return value


__all__ = [
    "Action",
    "Ask",
    "Attachment",
    "CallRejected",
    "Decider",
    "Decision",
    "Guard",
    "GuardBypassed",
    "Policy",
    "Sink",
    "Watch",
]


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return __all__
