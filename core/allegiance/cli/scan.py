"""The subcommand ``scan``; heavy imports wait in its body."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.errors import UserError
from allegiance.registry import SCAN_FORMATS

if TYPE_CHECKING:
    from allegiance.scan.replay import Scanned

_Patterns = list[str] | None


def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Traces, or folders of runs.")
    ],
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="NAME",
            help=f"Input format; detected by default. {SCAN_FORMATS.builtin_summaries()}.",
        ),
    ] = "",
    config: Annotated[
        str,
        typer.Option(
            metavar="MODULE:NAME", help="A Guard, whose probes and bindings are used, or its maker."
        ),
    ] = "",
    asset: Annotated[
        _Patterns, typer.Option(metavar="PATTERN", help="Files that must not get away.")
    ] = None,
    allowed: Annotated[
        _Patterns, typer.Option(metavar="PATTERN", help="Where copies of an asset may be.")
    ] = None,
    control: Annotated[
        _Patterns, typer.Option(metavar="PATTERN", help="Files or services that shut agents down.")
    ] = None,
    required: Annotated[
        _Patterns, typer.Option(metavar="KEY=VALUE", help="A setting that a control must keep.")
    ] = None,
    override: Annotated[
        _Patterns,
        typer.Option(metavar="PATTERN", help="Files that take precedence over a control."),
    ] = None,
    stop: Annotated[
        _Patterns, typer.Option(metavar="UNIT", help="A unit that may be stopped, and no other.")
    ] = None,
    truth: Annotated[
        _Patterns, typer.Option(metavar="UNIT=SCORE", help="The score that a unit deserves.")
    ] = None,
    pass_mark: Annotated[float, typer.Option(help="The lowest score that passes.")] = 80,
    ledger: Annotated[
        _Patterns, typer.Option(metavar="PATTERN", help="Files that evaluations are kept in.")
    ] = None,
    bind: Annotated[
        str | None,
        typer.Option(
            help="Ready-made bindings: files,http,shell; all by default, none with --config."
        ),
    ] = None,
    cwd: Annotated[str, typer.Option(help="The directory that the tools started in.")] = "",
    host: Annotated[str, typer.Option(help="The host to name in targets.")] = "",
    min_coverage: Annotated[
        float, typer.Option(min=0, max=1, help="The lowest share of bound calls, over all.")
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a conversation, and nothing else.")
    ] = False,
) -> None:
    """Judge traces from elsewhere: exit code 0 clean, 1 findings, 2 bad input, 3 inconclusive."""
    from allegiance.scan.detect import read
    from allegiance.scan.guard_options import Options, guard_of
    from allegiance.scan.replay import Replay
    from allegiance.scan.steps import Unread
    from allegiance.scan.tables import as_json as line

    if source and source not in SCAN_FORMATS.names():
        raise UserError(f"--from {source!r} is not known; use {', '.join(SCAN_FORMATS.names())}")
    options = Options(
        config=config,
        assets=asset or (),
        allowed=allowed or (),
        controls=control or (),
        required=required or (),
        overrides=override or (),
        stops=stop or (),
        truth=truth or (),
        pass_mark=pass_mark,
        ledgers=ledger or (),
        bind=bind,
        cwd=cwd,
        host=host,
    )
    replay = Replay(guard_of(options))
    for note in options.notes:
        typer.echo(f"note: {note}", err=True)
    results: list[Scanned] = []
    unread = 0
    for file in files:
        try:
            for found in read(file, source):
                if isinstance(found, Unread):
                    unread += 1
                    typer.echo(f"not read: {file}, {found.name}: {found.why}", err=True)
                    continue
                scanned = replay(found, str(file))
                if as_json:
                    typer.echo(line(scanned))
                results.append(scanned.cut_down())
        except UserError as error:
            unread += 1
            typer.echo(f"not read: {error}", err=True)
    if not as_json:
        _print(results)
    code = _verdict(results, unread, min_coverage)
    if code:
        raise typer.Exit(code)


def _print(results: Sequence[Scanned]) -> None:
    from allegiance.cli._tables import console
    from allegiance.scan.tables import details, table

    screen = console()
    if results:
        screen.print(table(results))
    for found in results:
        if (text := details(found)) is not None:
            screen.print(text, soft_wrap=True)


def _verdict(results: Sequence[Scanned], unread: int, min_coverage: float) -> int:
    """Say on the error stream what came out, and return the exit code."""
    calls, bound = sum(r.calls for r in results), sum(r.bound for r in results)
    flagged = sum(r.status == "flagged" for r in results)
    not_scored = sum(r.status == "not_scored" for r in results)
    share = f", {100 * bound / calls:.0f} %" if calls else ""
    one = "conversation" if len(results) == 1 else "conversations"
    said = [
        f"{len(results)} {one}: {flagged} flagged, {not_scored} not scored; "
        f"{bound} of {calls} calls bound{share}"
    ]
    code = 0
    if results and not bound:
        why = "no binding speaks of any of their calls" if calls else "there are no calls in them"
        said.append(f"NOTHING WAS JUDGED: {why}; see --bind and --config")
        code = 3
    elif not_scored:
        said.append("INCONCLUSIVE: what was not scored is not clean")
        code = 3
    elif calls and bound / calls < min_coverage:
        said.append(
            f"INCONCLUSIVE: less than --min-coverage {min_coverage:g} of the calls is bound"
        )
        code = 3
    if flagged:
        code = 1
    if unread:
        said.append(f"{unread} could not be read")
        code = 2
    if not results and not unread:
        said.append("NOTHING WAS JUDGED: there is no conversation in the files")
        code = 3
    for text in said:
        typer.echo(text, err=True)
    return code
