"""The options of the commands that decide on calls: serve, hook and mcp-proxy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.service.client import Decides
    from allegiance.service.engine import Engine
    from allegiance.service.wire import OnFailure


@dataclass(frozen=True)
class DeciderOptions:
    """Who decides, and what becomes of a call that nobody can judge."""

    policy: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Policy file: probes, bindings and what to do."),
    ] = None
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File that keeps sessions and open questions; they then survive the process.",
        ),
    ] = None
    on_failure: Annotated[
        str,
        typer.Option(metavar="reject|allow", help="What becomes of a call that cannot be judged."),
    ] = "reject"


ServerOption = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        help="Let a running `allegiance serve` decide: http://HOST:PORT or unix:PATH.",
    ),
]


def failure_rule(options: DeciderOptions) -> OnFailure:
    """Return what becomes of a call that cannot be judged.

    Raises:
        UserError: If the option has another value.
    """
    from allegiance.service.wire import OnFailure

    if options.on_failure not in get_args(OnFailure):
        raise UserError(f"--on-failure {options.on_failure!r} is unknown; use reject or allow")
    return cast("OnFailure", options.on_failure)


def engine_of(
    options: DeciderOptions,
    *,
    sessions: int = 10_000,
    idle: float = 604_800.0,
    approval: float = 86_400.0,
    wait: float = 0,
) -> Engine:
    """Return the engine that the options describe.

    Args:
        options: Policy, state and the rule for failures.
        sessions: The sessions in memory.
        idle: Seconds after which a session that is not used is forgotten.
        approval: Seconds that a question waits.
        wait: Seconds to wait for another process that uses the state.

    Raises:
        UserError: If there is no policy, or if policy or state cannot be used.
    """
    from allegiance.service.engine import Engine, Limits
    from allegiance.service.policy import load_policy
    from allegiance.service.store import StepStore

    rule = failure_rule(options)
    if options.policy is None:
        raise UserError("no policy is named; use --policy FILE")
    guard = load_policy(options.policy)
    store = StepStore(options.state, wait)
    return Engine(guard, store, Limits(sessions, idle, approval, rule))


def decider_of(options: DeciderOptions, server: str, timeout: float, wait: float) -> Decides:
    """Return an engine in this process, or the service at an address.

    Raises:
        UserError: If both or neither are named.
    """
    if bool(server) == (options.policy is not None):
        raise UserError("name who decides: either --policy FILE or --server ADDRESS")
    if not server:
        return engine_of(options, wait=wait)
    from allegiance.service.client import Remote

    token = os.environ.get("ALLEGIANCE_TOKEN", "")
    return Remote(server, token, timeout, failure_rule(options))
