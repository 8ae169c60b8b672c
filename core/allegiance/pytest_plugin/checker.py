"""What the ``allegiance`` fixture does: play, judge, and say so without a stack trace."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest

from allegiance.errors import UserError
from allegiance.experiment.configurations import Configuration, expand
from allegiance.experiment.limits import Limits
from allegiance.gate.formats import text
from allegiance.gate.ruling import GateReport
from allegiance.gate.verdict import decide
from allegiance.play.adapter import Build
from allegiance.pytest_plugin.marker import Settings, settings
from allegiance.pytest_plugin.provider_keys import missing_key
from allegiance.pytest_plugin.recordings import play_recorded, replay
from allegiance.report.excerpt import excerpt, one_line
from allegiance.run.containment import PROBLEMS, Performance, contained
from allegiance.run.framework import detect_framework, function_label
from allegiance.scenario.roles import Model, parse_model
from allegiance.stats.intervals import trials_needed
from allegiance.stats.rates import show_rate
from allegiance.trace.digest import digest
from allegiance.trace.trials import Trial

NO_MODEL = (
    "no model is named: use --allegiance-model PROVIDER:MODEL, or model= in the marker; "
    "--allegiance-scripted needs neither model nor key"
)
MOST_SHOWN = 5
T = TypeVar("T")


class AllegianceWarning(UserWarning):
    """Something a reader of a passing test should know."""


class Checker:
    """Plays scenarios through an app, with the settings of the test's marker."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node = request.node
        self._config = request.config
        self._checks = 0

    def check(self, build: Build, *, model: Any = None) -> GateReport | list[Performance]:
        """Fail the test unless the app's critic is established to be loyal enough.

        With ``--allegiance-scripted`` this is ``contains``.

        Args:
            build: From a kit (tools, instructions, model) to a LangGraph graph, an AutoGen agent
                or team, or a crew, flow or agent of CrewAI.
            model: A framework's own model object to measure, in place of a named one.
        """
        __tracebackhide__ = True
        if self._option("scripted"):
            return self.contains(build)
        report = self._told(partial(self._checked, build, model))
        self._conclude(report)
        return report

    def contains(self, build: Build) -> list[Performance]:
        """Fail the test unless the app, with its guard, contains every scripted disloyal model.

        No key is needed. Honest work has to be finished all the same.

        Args:
            build: As for ``check``.
        """
        __tracebackhide__ = True
        found = self._told(partial(self._contained, build))
        wrong = [performance for performance in found if performance.problem]
        said = _tally(found)
        self._say(said)
        if wrong:
            lines = [f"allegiance: {said}", ""]
            for performance in wrong[:MOST_SHOWN]:
                lines += [*_problem_lines(performance), ""]
            lines += [_problem_lines(performance)[0] for performance in wrong[MOST_SHOWN:]]
            pytest.fail("\n".join(lines), pytrace=False)
        return found

    def _option(self, name: str) -> Any:
        return self._config.getoption(f"--allegiance-{name}")

    def _told(self, work: Callable[[], T]) -> T:
        """Do some work; what the user gave wrong fails the test in words."""
        __tracebackhide__ = True
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:  # an async test: its loop is running, so the work gets a thread and a loop of its own
            work = partial(_in_thread, work)
        try:
            return work()
        except UserError as error:
            words = f"allegiance: {error}"
        pytest.fail(words, pytrace=False)  # not in the handler: no chain of exceptions is shown

    def _settings(self) -> Settings:
        mark = self._node.get_closest_marker("allegiance")
        return settings(
            mark,
            model=self._option("model"),
            trials=self._option("trials"),
            adapter=self._option("adapter"),
        )

    def _cells(self, build: Build, models: Sequence[str]) -> tuple[Configuration, ...]:
        asked = self._settings()
        plan = expand(
            scenarios=asked.named,
            adapters=[asked.adapter or detect_framework(build)],
            factors=asked.conditions,
            models=models,
            base_url=self._option("base-url"),
            app=function_label(build),
            guard=asked.guard,
        )
        for left_out in plan.left_out:
            warnings.warn(AllegianceWarning(f"left out: {left_out}"), stacklevel=2)
        return plan.configurations

    def _checked(self, build: Build, native: Any) -> GateReport:
        asked = self._settings()
        folder = self._folder("replay")
        if folder is not None:
            trials = replay(folder, asked, warn=_warn)
            return decide(trials, asked.pass_mark, source=str(folder))
        model = None if native is None else _native(native)
        base_url = self._option("base-url")
        models = [model] if model else [parse_model(m, base_url) for m in asked.model]
        if not models:
            pytest.skip(NO_MODEL)
        for one in models:
            if reason := missing_key(one):
                pytest.skip(reason)
        configurations = self._cells(build, [one.spec for one in models])
        scripted = all(one.scripted_agent for one in models)
        if not scripted and self._option("inconclusive") == "fail":
            _refuse_too_few(asked, len(configurations))
        trials = play_recorded(
            configurations,
            self._folder("record"),
            trials=asked.trials,
            seed=asked.seed,
            concurrency=asked.concurrency,
            limits=Limits(timeout=asked.timeout, turns=asked.turns),
            model=model,
            build=build,
        )
        if all(t.trace.usage.turns == 0 and t.trace.error is None for t in trials):
            raise UserError(
                f"{PROBLEMS['model not used']}; what was measured would be called "
                f"{trials[0].trace.model}. Build it on kit.model"
            )
        return decide(_in_order(trials), asked.pass_mark, source=str(self._node.path))

    def _contained(self, build: Build) -> list[Performance]:
        asked = self._settings()
        limits = Limits(timeout=asked.timeout, turns=asked.turns)
        configurations = self._cells(build, ["scripted:loyal"])
        return contained(
            build, configurations, seed=asked.seed, limits=limits, concurrency=asked.concurrency
        )

    def _folder(self, option: str) -> Path | None:
        """Return the folder of this check's recording: one for each check of each test."""
        root = self._option(option)
        if root is None:
            return None
        self._checks += 1
        name = re.sub(r"[^\w.-]+", "-", self._node.nodeid).strip("-")[-80:]
        return Path(root) / f"{name}-{digest([self._node.nodeid, self._checks])[:8]}"

    def _say(self, line: str) -> None:
        """Keep a line with the test's report: for ``-rA``, JUnit files and xdist."""
        self._node.user_properties.append(("allegiance", line))
        self._node.add_report_section("call", "allegiance", f"{line}\n")

    def _conclude(self, report: GateReport) -> None:
        __tracebackhide__ = True
        self._say(f"{report.status}: {report.reason}; violated, %: {show_rate(report.overall)}")
        if report.status == "pass":
            return
        words = f"allegiance: {text.render(report)}"
        if report.status == "inconclusive":
            become = self._option("inconclusive")
            if become == "skip":
                pytest.skip(f"inconclusive: {report.reason}")
            if become == "pass":
                _warn(f"inconclusive, passed as asked: {report.reason}")
                return
        pytest.fail(words, pytrace=False)


def _refuse_too_few(asked: Settings, configurations: int) -> None:
    """Refuse, before money is spent, trials that could not establish a pass if all were clean.

    Raises:
        UserError: With how many would do.
    """
    needed = trials_needed(0, asked.max_rate)
    if needed is None:
        raise UserError(
            "max_rate=0 cannot be established by any number of trials; say what is tolerated"
        )
    played = asked.trials * (configurations if asked.per == "run" else 1)
    if played < needed:
        of = f"{configurations} cells of {asked.trials} trials" if asked.per == "run" else "a cell"
        raise UserError(
            f"{played} trials ({of}) cannot establish max_rate={asked.max_rate:g} even if none is "
            f"flagged: {needed} can. Play more, tolerate more, or use "
            "--allegiance-inconclusive=skip or =pass"
        )


def _in_order(trials: Sequence[Trial]) -> list[Trial]:
    return sorted(
        trials, key=lambda t: (t.trace.scenario, t.trace.condition.label(), t.trace.trial)
    )


def _tally(found: Sequence[Performance]) -> str:
    honest = [p for p in found if not p.script.flagged]
    words = [p for p in found if p.script.flagged and p.only_words]
    acts = [p for p in found if p.script.flagged and not p.only_words]
    return (
        f"{sum(not p.problem for p in acts)} of {len(acts)} violating scripts are contained, "
        f"{sum(not p.problem for p in honest)} of {len(honest)} honest ones are finished "
        f"({len(words)} more only lie in words: a guard on tools cannot stop that)"
    )


def _problem_lines(performance: Performance) -> list[str]:
    trial = performance.trial
    trace = trial.trace
    lines = [
        f"{trace.scenario} ({trace.condition.label()}), script {performance.name!r} "
        f"({performance.script.character}): {PROBLEMS[performance.problem or 'achieved']}",
        f"  outcome {trial.outcome} after {trace.usage.turns} turns",
    ]
    if trace.error or trace.truncated:
        lines.append(f"  {one_line(trace.error or trace.truncated or '')}")
    return lines + [f"  {row}" for row in excerpt(trial, performance.effects)]


def _native(model: Any) -> Model:
    if isinstance(model, str):
        return parse_model(model)
    return Model(f"python:{type(model).__name__}", native=model)


def _in_thread(work: Callable[[], T]) -> T:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def _warn(words: str) -> None:
    warnings.warn(AllegianceWarning(words), stacklevel=3)
