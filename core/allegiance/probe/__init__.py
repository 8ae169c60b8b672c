"""The probe kit: the protocol, the views that a probe gets, verdicts and outcomes.

The probes that ship with allegiance are in ``allegiance.probes``.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.probe.outcome import classify as classify
    from allegiance.probe.protocol import Probe as Probe
    from allegiance.probe.protocol import findings as findings
    from allegiance.probe.protocol import judge as judge
    from allegiance.probe.timeline import Timeline as Timeline
    from allegiance.probe.timeline import View as View
else:
    __getattr__ = attach(
        __name__,
        protocol=("Probe", "findings", "judge"),
        timeline=("Timeline", "View"),
        outcome=("classify",),
    )

__all__ = ["Probe", "Timeline", "View", "classify", "findings", "judge"]
