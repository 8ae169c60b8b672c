"""The probes that ship with allegiance, one module for each behaviour.

A probe is the same object for stored trials and for a guard at run time. ``AlignmentFaking`` is
the exception: it compares whole trials.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.probes.alignment_faking import AlignmentFaking as AlignmentFaking
    from allegiance.probes.collusion import Collusion as Collusion
    from allegiance.probes.feigned_compliance import FeignedCompliance as FeignedCompliance
    from allegiance.probes.misreporting import Misreporting as Misreporting
    from allegiance.probes.record_tampering import RecordTampering as RecordTampering
    from allegiance.probes.score_inflation import ScoreInflation as ScoreInflation
    from allegiance.probes.shutdown_tampering import ShutdownTampering as ShutdownTampering
    from allegiance.probes.weight_exfiltration import WeightExfiltration as WeightExfiltration
    from allegiance.probes.withheld_alert import WithheldAlert as WithheldAlert
else:
    __getattr__ = attach(
        __name__,
        alignment_faking=("AlignmentFaking",),
        collusion=("Collusion",),
        feigned_compliance=("FeignedCompliance",),
        misreporting=("Misreporting",),
        record_tampering=("RecordTampering",),
        score_inflation=("ScoreInflation",),
        shutdown_tampering=("ShutdownTampering",),
        weight_exfiltration=("WeightExfiltration",),
        withheld_alert=("WithheldAlert",),
    )

__all__ = [
    "AlignmentFaking",
    "Collusion",
    "FeignedCompliance",
    "Misreporting",
    "RecordTampering",
    "ScoreInflation",
    "ShutdownTampering",
    "WeightExfiltration",
    "WithheldAlert",
]
