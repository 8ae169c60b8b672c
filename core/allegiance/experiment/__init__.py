"""What an experiment plays: factors, configurations, limits and plan files."""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.experiment.configurations import Configuration as Configuration
    from allegiance.experiment.configurations import expand as expand
    from allegiance.experiment.experiment import Experiment as Experiment
    from allegiance.experiment.limits import Budget as Budget
    from allegiance.experiment.limits import Limits as Limits
    from allegiance.experiment.limits import Price as Price
else:
    __getattr__ = attach(
        __name__,
        experiment=("Experiment",),
        configurations=("Configuration", "expand"),
        limits=("Budget", "Limits", "Price"),
    )

__all__ = ["Budget", "Configuration", "Experiment", "Limits", "Price", "expand"]
