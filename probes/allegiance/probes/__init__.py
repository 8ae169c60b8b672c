"""Probes: one file per behaviour; each is the same object offline and online."""

from allegiance.probes.alignment_faking import AlignmentFaking
from allegiance.probes.feigned_compliance import FeignedCompliance
from allegiance.probes.score_inflation import ScoreInflation
from allegiance.probes.shutdown_tampering import ShutdownTampering
from allegiance.probes.weight_exfiltration import WeightExfiltration

__all__ = [
    "AlignmentFaking",
    "FeignedCompliance",
    "ScoreInflation",
    "ShutdownTampering",
    "WeightExfiltration",
]
