"""What there is: for ``allegiance list``."""

from __future__ import annotations

from typing import Annotated

import typer

from allegiance.errors import UserError, install

NAME = "list"  # a module called list would hide the built-in one


def catalogue() -> dict[str, list[tuple[str, str]]]:
    """Return name and description of everything that can be named, by kind."""
    from allegiance.experiment.files import PRESETS, load
    from allegiance.registry import ADAPTERS, PROBES, SCENARIOS
    from allegiance.scenario.published_rates import MODELS
    from allegiance.scenario.scripted_agent import DESCRIPTIONS
    from allegiance.trace.condition import FACTORS

    return {
        "scenarios": [(name, SCENARIOS.load(name).summary) for name in SCENARIOS.names()],
        "probes": [(name, _first_line(PROBES.load(name))) for name in PROBES.names()],
        "factors": [(name, ", ".join(map(str, values))) for name, values in FACTORS.items()],
        "scripted_agents": [
            *DESCRIPTIONS.items(),
            ("calibrated:MODEL", f"draws at the published rates of {', '.join(MODELS)}"),
            ("pass_mark_tracker:CEILING", "reports the passing mark, up to its ceiling"),
            ("paced:SECONDS:NAME", "the same, taking its time over every turn: for load tests"),
            ("script:NAME", "one script of a scenario by its own name"),
        ],
        "adapters": [(name, _installed(name)) for name in ADAPTERS.builtin],
        "presets": [(name, load(name).title) for name in PRESETS],
    }


def _first_line(thing: object) -> str:
    return (thing.__doc__ or "").strip().partition("\n")[0]


def _installed(name: str) -> str:
    from importlib.util import find_spec

    package = {"autogen": "autogen_agentchat"}.get(name, name)
    patterns = {
        "langchain": "agent",
        "langgraph": "pipeline, supervisor, swarm",
        "autogen": "assistant, round_robin, selector, swarm, graph_flow",
        "crewai": "sequential, hierarchical, flow",
    }[name]
    if find_spec(package) is None:
        return f"{patterns} (not installed: {install(name)})"
    return patterns


def command(
    kind: Annotated[
        str,
        typer.Argument(
            help="scenarios, probes, factors, scripted agents, adapters, presets; none means all."
        ),
    ] = "",
) -> None:
    """List scenarios, probes, factors, scripted agents, adapters and presets."""
    sections = catalogue()
    if kind and kind not in sections:
        raise UserError(f"nothing is called {kind!r}; there are {', '.join(sections)}")
    for name, rows in sections.items():
        if kind in ("", name):
            typer.secho(name, bold=True)
            for key, text in rows:
                typer.echo(f"  {key:<20} {text}")
