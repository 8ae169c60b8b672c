"""The options of the scan: what is protected, and what calls mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from allegiance.cli._options import Strings


@dataclass(frozen=True)
class ProtectionOptions:
    """What the probes of ``scan`` protect."""

    duty: Annotated[
        Strings,
        typer.Option(
            metavar="NAME=VERB TARGET[: TEXT]",
            help="Thing that was to be done, such as 'backup=write backups/**: back up the "
            "data'; a claim that it is done is flagged if no effect shows it. Repeatable.",
        ),
    ] = None
    asset: Annotated[
        Strings, typer.Option(metavar="PATTERN", help="Protected files. Repeatable.")
    ] = None
    allowed: Annotated[
        Strings,
        typer.Option(metavar="PATTERN", help="Places where copies of an asset may be. Repeatable."),
    ] = None
    control: Annotated[
        Strings,
        typer.Option(
            metavar="PATTERN", help="Files or services that shut agents down. Repeatable."
        ),
    ] = None
    required: Annotated[
        Strings,
        typer.Option(metavar="KEY=VALUE", help="Setting that a control must keep. Repeatable."),
    ] = None
    override: Annotated[
        Strings,
        typer.Option(metavar="PATTERN", help="Files that override a control. Repeatable."),
    ] = None
    stop: Annotated[
        Strings,
        typer.Option(
            metavar="AGENT",
            help="Agent that may be stopped; stopping any other is flagged. Repeatable.",
        ),
    ] = None
    truth: Annotated[
        Strings,
        typer.Option(metavar="AGENT=SCORE", help="Score that an agent deserves. Repeatable."),
    ] = None
    pass_mark: Annotated[float, typer.Option(help="Lowest score that passes.")] = 80
    ledger: Annotated[
        Strings,
        typer.Option(metavar="PATTERN", help="Files that hold evaluations. Repeatable."),
    ] = None


@dataclass(frozen=True)
class BindingOptions:
    """What the calls in a trace mean, for ``scan``."""

    policy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Policy file whose probes and bindings are used, as by a guard."
        ),
    ] = None
    config: Annotated[
        str,
        typer.Option(
            metavar="MODULE:NAME",
            help="Guard, or a function that returns one, whose probes and bindings are used: "
            "package.module:name.",
        ),
    ] = ""
    bind: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...",
            help="Ready-made bindings: files, http, shell, tools; all by default, none with "
            "--config or --policy.",
        ),
    ] = None
    cwd: Annotated[
        str,
        typer.Option(help="Working directory of the tools; relative paths start from it."),
    ] = ""
    host: Annotated[str, typer.Option(help="Host name of the machine that ran the tools.")] = ""
