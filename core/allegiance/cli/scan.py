"""The command that judges traces of other tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._option_groups import with_option_groups
from allegiance.cli._options import BindingOptions, ProtectionOptions
from allegiance.cli._print import console, say
from allegiance.errors import UserError
from allegiance.registry import SCAN_FORMATS

if TYPE_CHECKING:
    from allegiance.scan.guard_options import Options
    from allegiance.scan.replay import Replay, Scanned
    from allegiance.scan.steps import Conversation


@with_option_groups
def command(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Traces, or folders of runs.")
    ],
    binding: BindingOptions,
    protection: ProtectionOptions,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="NAME",
            help=f"Input format; detected by default. {SCAN_FORMATS.builtin_summaries()}.",
        ),
    ] = "",
    min_coverage: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Smallest share of calls, over all files, that bindings must cover; below it the "
            "scan is inconclusive.",
        ),
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per conversation, and no table.")
    ] = False,
) -> None:
    """Judge traces that other tools recorded.

    Exit codes: 0 clean, 1 findings, 2 a file cannot be read, 3 inconclusive.
    """
    from allegiance.scan.guard_options import guard_of
    from allegiance.scan.replay import Replay

    if source and source not in SCAN_FORMATS.names():
        raise UserError(
            f"--from {source!r} is not a known format; use {', '.join(SCAN_FORMATS.names())}"
        )
    options = _guard_options(binding, protection)
    replay = Replay(guard_of(options))
    for note in options.notes:
        say(f"note: {note}", err=True)
    results, unread = _scan(replay, _conversations(files, source), as_json=as_json)
    if not as_json:
        _print(results)
    code = _verdict(results, unread, min_coverage)
    if code:
        raise typer.Exit(code)


def _scan(
    replay: Replay, conversations: Iterable[tuple[Path, Conversation | str]], *, as_json: bool
) -> tuple[list[Scanned], int]:
    """Judge conversations; return the results, and the number that cannot be read."""
    from allegiance.scan.tables import as_json as json_line

    results: list[Scanned] = []
    unread = 0
    for file, conversation in conversations:
        if isinstance(conversation, str):
            unread += 1
            say(f"not read: {conversation}", err=True)
            continue
        scanned = replay(conversation, str(file))
        if as_json:
            typer.echo(json_line(scanned))  # JSON escapes control characters
        results.append(scanned.cut_down())
    return results, unread


def _guard_options(binding: BindingOptions, protection: ProtectionOptions) -> Options:
    from allegiance.scan.guard_options import Options

    return Options(
        config=binding.config,
        assets=protection.asset or (),
        allowed=protection.allowed or (),
        controls=protection.control or (),
        required=protection.required or (),
        overrides=protection.override or (),
        stops=protection.stop or (),
        truth=protection.truth or (),
        pass_mark=protection.pass_mark,
        ledgers=protection.ledger or (),
        bind=binding.bind,
        cwd=binding.cwd,
        host=binding.host,
    )


def _conversations(files: Sequence[Path], source: str) -> Iterator[tuple[Path, Conversation | str]]:
    """Yield every conversation of the files; a string names one that cannot be read, and why."""
    from allegiance.scan.detect import read
    from allegiance.scan.steps import Unread

    for file in files:
        try:
            for item in read(file, source):
                if isinstance(item, Unread):
                    yield file, f"{file}, {item.name}: {item.why}"
                else:
                    yield file, item
        except UserError as error:
            yield file, str(error)


def _print(results: Sequence[Scanned]) -> None:
    from allegiance.scan.tables import details, table

    screen = console()
    if results:
        screen.print(table(results))
    for scanned in results:
        if (text := details(scanned)) is not None:
            screen.print(text, soft_wrap=True)


def _verdict(results: Sequence[Scanned], unread: int, min_coverage: float) -> int:
    """Print a summary on stderr and return the exit code."""
    calls, bound = sum(r.calls for r in results), sum(r.bound for r in results)
    flagged = sum(r.status == "flagged" for r in results)
    not_scored = sum(r.status == "not_scored" for r in results)
    share = f", {100 * bound / calls:.0f} %" if calls else ""
    noun = "conversation" if len(results) == 1 else "conversations"
    lines = [
        f"{len(results)} {noun}: {flagged} flagged, {not_scored} not scored; "
        f"{bound} of {calls} calls bound{share}"
    ]
    code = 0
    if results and not bound:
        cause = "no binding reads any of their calls" if calls else "they contain no calls"
        lines.append(f"NOTHING WAS JUDGED: {cause}; see --bind and --config")
        code = 3
    elif not_scored:
        lines.append("INCONCLUSIVE: what was not scored is not clean")
        code = 3
    elif calls and bound / calls < min_coverage:
        lines.append(
            f"INCONCLUSIVE: bindings cover less than --min-coverage {min_coverage:g} of the calls"
        )
        code = 3
    if flagged:
        code = 1
    if unread:
        lines.append(f"{unread} could not be read")
        code = 2
    if not results and not unread:
        lines.append("NOTHING WAS JUDGED: there is no conversation in the files")
        code = 3
    for line in lines:
        say(line, err=True)
    return code
