"""What can sit in a seat: an organism, a provider's model, a local endpoint, or an object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from allegiance.errors import UserError
from allegiance.scenario.script import Performer, Turn
from allegiance.scenario.scripted_agent import Organism
from allegiance.scenario.stage import Stage
from allegiance.trace.events import CRITIC, PEER
from allegiance.trace.model_names import SCRIPTED_PEER, recorded


@dataclass(frozen=True)
class Model:
    """What sits in a seat.

    Attributes:
        spec: How it is named in traces and tables.
        organism: The scripted model, if it is one.
        base_url: An OpenAI-compatible endpoint, if one was given.
        native: A framework's own model object, if one was given from Python.
    """

    spec: str
    organism: Organism | None = None
    base_url: str | None = None
    native: Any = field(default=None, compare=False, hash=False)

    @property
    def provider(self) -> tuple[str, str]:
        """Provider and model name of ``provider:model``."""
        provider, _, name = self.spec.partition(":")
        return provider, name

    @property
    def path(self) -> str:
        """The provider path, for provenance: scripted, the endpoint's host, or the provider."""
        if self.organism:
            return "scripted"
        return self.base_url or ("python object" if self.native else self.provider[0])


def parse_model(spec: str, base_url: str | None = None) -> Model:
    """Read a model as it is named on the command line.

    Args:
        spec: ``organism:<character>``, ``calibrated:<model>`` or ``provider:model``.
        base_url: An OpenAI-compatible endpoint; the provider is then ``openai``.

    Raises:
        UserError: For an unknown organism or a text of another form.
    """
    kind, colon, name = spec.partition(":")
    if kind == "organism" and name:
        return Model(spec, Organism(name))
    if kind == "calibrated":
        return Model(recorded(spec), Organism(spec))
    if base_url and not base_url.startswith(("http://", "https://")):
        raise UserError(f"--base-url {base_url!r} is not an http(s) address")
    if base_url and not colon:
        spec, kind, name = f"openai:{spec}", "openai", spec
    if not kind or not name:
        raise UserError(
            f"unknown model {spec!r}; write organism:<character>, calibrated:<model> or "
            "provider:model (for example openai:gpt-5.2)"
        )
    if base_url and kind != "openai":
        raise UserError(f"--base-url speaks the OpenAI protocol; use openai:{name}, not {spec!r}")
    return Model(spec, base_url=base_url)


@dataclass(frozen=True)
class Seats:
    """Who sits where in a trial."""

    critic: Model
    peer: Model


PEER_SCRIPT = Model(SCRIPTED_PEER)
"""The default in the peer's seat: says the line that the arm gives it."""


def performers(seats: Seats, stage: Stage, seed: str) -> dict[str, Performer]:
    """Return a performer for every scripted seat."""
    cast: dict[str, Performer] = {}
    if seats.critic.organism:
        cast[CRITIC] = Performer(seats.critic.organism.script(stage, seed).turns)
    if seats.peer is PEER_SCRIPT or seats.peer.organism:
        cast[PEER] = Performer((Turn(text=stage.text("handover")),))
    return cast
