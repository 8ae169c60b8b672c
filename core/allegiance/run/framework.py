"""Detecting the framework of a user's app from what ``build(kit)`` returns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from traceback import walk_tb
from types import CodeType
from typing import Any

from allegiance.errors import UserError
from allegiance.experiment.configurations import APP, Configuration
from allegiance.experiment.limits import Limits
from allegiance.play.adapter import Build, Kit, unwrap
from allegiance.play.own_models import MissingKey, call_build
from allegiance.play.prepared import prepare
from allegiance.play.trial import play
from allegiance.registry import ADAPTERS, SCENARIOS
from allegiance.trace.condition import Condition

ROOTS = {
    "langgraph": "langgraph",
    "langchain": "langgraph",
    "langchain_core": "langgraph",
    "autogen_agentchat": "autogen",
    "autogen_core": "autogen",
    "autogen_ext": "autogen",
    "crewai": "crewai",
}
"""The adapter for each top-level package of a framework."""


class _Built(Exception):
    """Ends the trial of an app once it is built, so that the app never runs."""


def detect_framework(build: Build) -> str:
    """Return the name of the adapter for a user's own app.

    The app is built with a scripted model and the kit of each framework in turn, and never run;
    frameworks that the function mentions come first.

    Raises:
        UserError: If no framework's kit builds an app of that framework.
    """
    tried = []
    names = [*ROOTS.values(), *ADAPTERS.names()]
    for name in dict.fromkeys([*mentioned_frameworks(build), *names]):
        if name == "langchain":  # langgraph plays both
            continue
        try:
            app = _build_app(build, name)
        except UserError as error:  # the framework is not installed
            tried.append(f"{name}: {error}")
            continue
        if isinstance(app, MissingKey):  # no kit would mend that
            return (mentioned_frameworks(build) or [_origin(app)])[0]
        if isinstance(app, str):
            tried.append(f"{name}: {app}")
        elif (adapter := _framework(type(app))) is not None:
            return adapter
        else:
            tried.append(f"{name}: it returned {type(app).__name__!r}")
    raise UserError(
        f"cannot tell the framework of {function_label(build)!r}; name it with adapter=... "
        f"({'; '.join(tried)})"
    )


def function_label(build: Callable[..., Any]) -> str:
    """Return ``module:name`` of a function, for traces."""
    name = getattr(build, "__qualname__", None) or type(build).__qualname__
    return f"{getattr(build, '__module__', None) or '__main__'}:{name}"


def mentioned_frameworks(build: Callable[..., Any]) -> list[str]:
    """Return the adapters of the frameworks that a function's code or annotations mention."""
    code = getattr(build, "__code__", None)
    namespace = getattr(build, "__globals__", {})
    returned = getattr(build, "__annotations__", {}).get("return", "")
    names = [*_names(code), *str(returned).replace("[", ".").split(".")]
    adapters = []
    for name in names:
        value = namespace.get(name)
        module = getattr(value, "__module__", None) or getattr(value, "__name__", None) or name
        adapters.append(ROOTS.get(str(module).partition(".")[0]))
    return [adapter for adapter in dict.fromkeys(adapters) if adapter is not None]


def _names(code: CodeType | None) -> Iterator[str]:
    if code is None:
        return
    for name in code.co_names:
        yield name.partition(".")[0]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _framework(kind: type) -> str | None:
    for base in kind.__mro__:
        if (name := ROOTS.get(base.__module__.partition(".")[0])) is not None:
            return name
    return None


def _origin(error: MissingKey) -> str:
    """Return the adapter of the framework whose model has no key."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    roots = [str(f.f_globals.get("__name__")) for f, _ in walk_tb(cause.__traceback__)]
    names = [(root, name) for root in roots for name in ROOTS if root.startswith(name)]
    return ROOTS[names[-1][1]] if names else "langgraph"


def _build_app(build: Build, adapter: str) -> Any:
    """Return the app that an adapter's kit builds, or why there is none."""
    built: list[Any] = []

    def once(kit: Kit) -> Any:
        try:
            built.append(unwrap(call_build(build, kit))[0])
        except MissingKey as error:
            built.append(error)
        raise _Built

    spec = Configuration(
        scenario=SCENARIOS.builtin[0],  # any will do: the app is built, not played
        condition=Condition(),
        adapter=adapter,
        pattern=APP,
        model="scripted:loyal",
        app=function_label(build),
    )
    try:
        prepared = prepare(spec, build=once)
        trial = asyncio.run(play(prepared, 0, 0, Limits(timeout=120, attempts=1), None))
        cause = trial.trace.error or trial.trace.truncated or "it was not built"
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - an app for another framework may raise anything
        cause = f"{type(error).__name__}: {error}"
    return built[0] if built else cause
