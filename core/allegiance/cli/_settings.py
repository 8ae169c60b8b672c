"""The keys of ``allegiance run --set KEY=VALUE``: those of a plan file, and those of Ray."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from allegiance.errors import UserError

if TYPE_CHECKING:
    from pydantic import BaseModel

OPTIONS = {
    "limits.timeout": "--timeout",
    "budget.cost": "--max-cost",
    "until.max_rate": "--max-rate",
}
"""Keys that have an option of their own and hence are not keys of ``--set``."""
FIXED = ("limits.timeout", "limits.turns", "limits.tokens", "limits.cost", "limits.nudges")
"""Keys that decide how a trial ends: all trials of a run have the same values."""
RAY = "ray.address"

Settings = dict[str, Any]
"""Checked values by key, such as ``{"limits.turns": 20}``."""


def keys() -> tuple[str, ...]:
    """Return the keys of ``--set``."""
    known = (f"{group}.{name}" for group, model in _groups().items() for name in model.model_fields)
    return (*(key for key in known if key not in OPTIONS), RAY)


def read_settings(texts: Iterable[str], options: Mapping[str, Any]) -> Settings:
    """Return the checked values of ``--set`` and of the options that stand for a key.

    Args:
        texts: Strings of the form ``KEY=VALUE``.
        options: Values by key for the keys of ``OPTIONS``; None is not a value.

    Raises:
        UserError: If a string has another form, a key is unknown or repeated, or a value cannot be
            used.
    """
    raw: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value:
            raise UserError(f"--set {text!r} is not of the form KEY=VALUE; write limits.turns=20")
        if key in OPTIONS:
            raise UserError(f"--set {text!r}: use the option {OPTIONS[key]} for {key!r}")
        if key not in keys():
            from allegiance.experiment.did_you_mean import meant

            raise UserError(f"--set has no key {meant(key, keys())}")
        if key in raw:
            raise UserError(f"--set {text!r}: {key!r} is set twice; keep one of the two")
        raw[key] = value
    return {key: _checked(key, value) for key, value in raw.items()}


def settings_group(settings: Settings, name: str) -> dict[str, Any]:
    """Return the values of one group, such as ``limits``, by the key's last part."""
    prefix = f"{name}."
    return {key.removeprefix(prefix): v for key, v in settings.items() if key.startswith(prefix)}


def spell(key: str, value: object) -> str:
    """Return a setting as a user writes it: ``--timeout 5.0`` or ``--set limits.turns=1``."""
    return f"{OPTIONS[key]} {value}" if key in OPTIONS else f"--set {key}={value}"


def _groups() -> dict[str, type[BaseModel]]:
    from allegiance.experiment.limits import Budget, Spending
    from allegiance.stats.stop_rule import StopRule

    return {"limits": Spending, "budget": Budget, "until": StopRule}


def _checked(key: str, value: object) -> Any:
    from pydantic import ValidationError

    if key == RAY:
        return value
    name, _, field = key.partition(".")
    try:
        return getattr(_groups()[name].model_validate({field: value}), field)
    except ValidationError as error:
        message = error.errors(include_url=False)[0]["msg"]
        raise UserError(f"{spell(key, value)}: {message[0].lower()}{message[1:]}") from None
