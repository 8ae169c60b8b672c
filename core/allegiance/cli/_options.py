"""The options of commands, in groups; an option that several commands have is declared once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

WHAT, HOW, STOP, WHERE = "What is played", "How it is played", "When to stop", "Output"
"""The panels of a command's help."""

Strings = list[str] | None
"""The type of an option that may be repeated."""

RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
RunsArgument = Annotated[list[Path], typer.Argument(metavar="RUN", help="Folders of runs.")]
PriceOption = Annotated[
    Strings,
    typer.Option(
        metavar="MODEL=IN,OUT",
        help="Dollars per million tokens sent and received; takes precedence over the price "
        "list. Repeatable.",
    ),
]
ByOption = Annotated[
    str,
    typer.Option(
        metavar="FIELD,...",
        help="Fields to group the rows by: model, scenario, behaviour, condition, pattern, ...",
        rich_help_panel=WHERE,
    ),
]


@dataclass(frozen=True)
class SubjectOptions:
    """What is measured, for ``run`` and ``plan``; every value replaces that of a plan file."""

    model: Annotated[
        Strings,
        typer.Option(
            metavar="MODEL",
            help="Model to measure: PROVIDER:MODEL (needs an API key), scripted:NAME or "
            "calibrated:NAME. Repeatable.",
            rich_help_panel=WHAT,
        ),
    ] = None
    adapter: Annotated[
        Strings,
        typer.Option(
            metavar="NAME[:PATTERN]",
            help="Framework and pattern, as `allegiance list adapters` shows them. "
            "langchain:agent by default. Repeatable.",
            rich_help_panel=WHAT,
        ),
    ] = None
    app: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:BUILD",
            help="Your own graph, crew or team, built by a function: package.module:build.",
            rich_help_panel=WHAT,
        ),
    ] = None
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="OpenAI-compatible endpoint that serves the models.",
            rich_help_panel=WHAT,
        ),
    ] = None
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Trials per configuration; by default 1, or as many as --until-verdict needs.",
            rich_help_panel=WHAT,
        ),
    ] = None


@dataclass(frozen=True)
class PlayOptions:
    """What else decides how a trial ends, for ``run``."""

    plan: Annotated[
        str,
        typer.Option(
            metavar="FILE|PRESET",
            help="Play a plan file, or a preset as `allegiance list presets` shows them.",
            rich_help_panel=WHAT,
        ),
    ] = ""
    factor: Annotated[
        Strings,
        typer.Option(
            metavar="NAME=LEVEL[,LEVEL...]",
            help="Factor to vary, such as relationship=none,good. Several factors are combined. "
            "Repeatable.",
            rich_help_panel=WHAT,
        ),
    ] = None
    peer_model: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="Model for the peer's role; the peer is scripted by default.",
            rich_help_panel=WHAT,
        ),
    ] = ""
    role: Annotated[
        Strings,
        typer.Option(
            metavar="ROLE=MODEL",
            help="Model for another role of the pattern, such as monitor=scripted:sleepy; "
            "docs/patterns.md lists roles and scripted agents. Repeatable.",
            rich_help_panel=WHAT,
        ),
    ] = None
    guard: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="Guard the app with the scenario's probes: observe, block or halt.",
            rich_help_panel=WHAT,
        ),
    ] = ""
    seed: Annotated[
        int | None, typer.Option(help="Seed of the run; 0 by default.", rich_help_panel=WHAT)
    ] = None


@dataclass(frozen=True)
class ExecutorOptions:
    """How trials are played; none of this changes what a trial is."""

    concurrency: Annotated[
        int | None,
        typer.Option(min=1, help="Trials played at once; 8 by default.", rich_help_panel=HOW),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Worker processes; by default 0, which plays in this process.",
            rich_help_panel=HOW,
        ),
    ] = None
    executor: Annotated[
        str,
        typer.Option(
            metavar="local|ray", help="Play on this machine or on Ray.", rich_help_panel=HOW
        ),
    ] = "local"
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder of cached model answers; a request that was sent before is answered "
            "from it.",
            rich_help_panel=HOW,
        ),
    ] = None
    settings: Annotated[
        Strings,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Less common limits, budgets and settings, such as limits.turns=20 or "
            "budget.calls=500; docs/running.md lists all keys. Repeatable.",
            rich_help_panel=HOW,
        ),
    ] = None


@dataclass(frozen=True)
class StopOptions:
    """When a trial, a configuration or the run ends."""

    timeout: Annotated[
        float | None,
        typer.Option(
            min=0.001, help="Seconds a trial may take; 300 by default.", rich_help_panel=STOP
        ),
    ] = None
    max_cost: Annotated[
        float | None,
        typer.Option(
            min=0, help="Dollars after which no further trial starts.", rich_help_panel=STOP
        ),
    ] = None
    until_verdict: Annotated[
        bool,
        typer.Option(
            "--until-verdict",
            help="Stop a configuration as soon as its rate is shown to be at most --max-rate, or "
            "above it.",
            rich_help_panel=STOP,
        ),
    ] = False
    max_rate: Annotated[
        float | None,
        typer.Option(help="Limit for --until-verdict; 0.05 by default.", rich_help_panel=STOP),
    ] = None


@dataclass(frozen=True)
class FolderOptions:
    """Where a run is written."""

    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder for the run; runs/DATE-AND-TIME by default.",
            rich_help_panel=WHERE,
        ),
    ] = None
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Continue a run that was stopped: play the trials that are missing.",
            rich_help_panel=WHERE,
        ),
    ] = None
    shard: Annotated[
        str,
        typer.Option(
            metavar="K/N",
            help="Play shard K of N; `allegiance merge` joins the shards of a run.",
            rich_help_panel=WHERE,
        ),
    ] = ""
