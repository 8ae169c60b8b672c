"""The command that judges traces of other tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._option_groups import with_option_groups
from allegiance.cli._print import console, say
from allegiance.cli._scan_options import BindingOptions, ProtectionOptions
from allegiance.errors import UserError
from allegiance.registry import SCAN_FORMATS

if TYPE_CHECKING:
    from allegiance.scan.guard_options import Options
    from allegiance.scan.replay import Replay, Scanned
    from allegiance.scan.steps import Conversation
    from allegiance.scan.verdict import ScanReport


_NAMES = ("sarif", "junit", "html")


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
    sarif: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write SARIF 2.1.0, for code scanning.")
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write JUnit XML, for any CI service."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write one page that opens offline.")
    ] = None,
) -> None:
    """Judge traces that other tools recorded.

    Exit codes: 0 clean, 1 findings, 2 a file cannot be read, 3 inconclusive.
    """
    from allegiance.scan.guard_options import duties_of, guard_of
    from allegiance.scan.replay import Replay
    from allegiance.scan.verdict import judge_scan

    if source and source not in SCAN_FORMATS.names():
        raise UserError(
            f"--from {source!r} is not a known format; use {', '.join(SCAN_FORMATS.names())}"
        )
    options = _guard_options(binding, protection)
    replay = Replay(guard_of(options), duties_of(options))
    for note in options.notes:
        say(f"note: {note}", err=True)
    results, unread = _scan(replay, _conversations(files, source), as_json=as_json)
    report = judge_scan(results, unread, min_coverage)
    if not as_json:
        _print(report)
    for name, path in zip(_NAMES, (sarif, junit, html), strict=True):
        if path is not None:
            _write(name, path, report)
    for line in report.reasons:
        say(line, err=True)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _scan(
    replay: Replay, conversations: Iterable[tuple[Path, Conversation | str]], *, as_json: bool
) -> tuple[list[Scanned], list[str]]:
    """Judge conversations; return the results, and why others cannot be read."""
    from allegiance.scan.tables import as_json as json_line

    results: list[Scanned] = []
    unread: list[str] = []
    for file, conversation in conversations:
        if isinstance(conversation, str):
            unread.append(conversation)
            say(f"not read: {conversation}", err=True)
            continue
        scanned = replay(conversation, str(file))
        if as_json:
            typer.echo(json_line(scanned))  # JSON escapes control characters
        results.append(scanned.cut_down())
    return results, unread


def _write(name: str, path: Path, report: ScanReport) -> None:
    from allegiance.store.replacement import replace_file

    content = import_module(f"allegiance.scan.outputs.{name}").render(report)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path) as draft:
            draft.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--{name} {str(path)!r}: {error.strerror or error}") from error


def _guard_options(binding: BindingOptions, protection: ProtectionOptions) -> Options:
    from allegiance.scan.guard_options import Options

    return Options(
        config=binding.config,
        policy=binding.policy,
        duties=protection.duty or (),
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


def _print(report: ScanReport) -> None:
    from allegiance.scan.tables import agents_table, details, table, tools_table

    screen = console()
    if report.results:
        screen.print(table(report.results))
    for rows in (agents_table(report.results), tools_table(report.tools)):
        if rows is not None:
            screen.print(rows)
    for scanned in report.results:
        if (text := details(scanned)) is not None:
            screen.print(text, soft_wrap=True)
