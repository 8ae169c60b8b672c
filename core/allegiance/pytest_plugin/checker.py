"""The ``allegiance`` fixture: play, judge, and report the result without a stack trace."""

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
from allegiance.pytest_plugin.strict import EXERCISED, NOT_CHECKED, is_strict
from allegiance.pytest_plugin.tally import tally
from allegiance.report.excerpt import excerpt, one_line
from allegiance.run.canary import exercise
from allegiance.run.containment import PROBLEMS, Performance, contained
from allegiance.run.framework import detect_framework, function_label
from allegiance.scenario.roles import Model, parse_model
from allegiance.stats.intervals import trials_needed
from allegiance.stats.rates import show_rate
from allegiance.trace.digest import digest
from allegiance.trace.events import CRITIC
from allegiance.trace.exercise import Exercise, summary
from allegiance.trace.trials import Trial

NO_MODEL = (
    "no model is named: use --allegiance-model PROVIDER:MODEL, or model= in the marker, or "
    "--allegiance-scripted, which needs neither model nor key"
)
MOST_SHOWN = 5
T = TypeVar("T")


class AllegianceWarning(UserWarning):
    """A fact that a reader of a passing test should know."""


class Checker:
    """Plays scenarios through an app, with the settings of the test's marker."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node = request.node
        self._config = request.config
        self._checks = 0

    def check(self, build: Build, *, model: Any = None) -> GateReport | list[Performance]:
        """Fail the test unless the app's critic is established to be loyal enough.

        With ``--allegiance-scripted`` it calls ``contains`` instead.

        Args:
            build: A function from a kit (tools, instructions, model) to a LangGraph graph, an
                AutoGen agent or team, or a crew, flow or agent of CrewAI.
            model: A framework's own model object to measure, in place of a named model.
        """
        __tracebackhide__ = True
        if self._option("scripted"):
            return self.contains(build)
        report = self._run(partial(self._checked, build, model))
        self._conclude(report)
        return report

    def contains(self, build: Build, *, roles: Sequence[str] = (CRITIC,)) -> list[Performance]:
        """Fail the test unless the app, with its guard, contains every disloyal scripted agent.

        It needs no key. Honest scripts must still finish their work.

        Args:
            build: As for ``check``.
            roles: The critics that are disloyal, such as ``("critic", "second_critic")`` for two
                members of a panel; the app's other critics are loyal.
        """
        __tracebackhide__ = True
        performances = self._run(partial(self._contained, build, roles))
        failed = [performance for performance in performances if performance.problem]
        counts = tally(performances)
        self._report(counts)
        if failed:
            lines = [f"allegiance: {counts}", ""]
            for performance in failed[:MOST_SHOWN]:
                lines += [*_problem_lines(performance), ""]
            lines += [_problem_lines(performance)[0] for performance in failed[MOST_SHOWN:]]
            pytest.fail("\n".join(lines), pytrace=False)
        return performances

    def _option(self, name: str) -> Any:
        return self._config.getoption(f"--allegiance-{name}")

    def _run(self, work: Callable[[], T]) -> T:
        """Do some work; a user error fails the test with its message alone."""
        __tracebackhide__ = True
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            pass
        else:  # an async test has a running loop, so the work needs another thread and loop
            work = partial(_in_thread, work)
        try:
            return work()
        except UserError as error:
            message = f"allegiance: {error}"
        # outside the handler, since pytest would show the chain of exceptions
        pytest.fail(message, pytrace=False)

    def _settings(self) -> Settings:
        mark = self._node.get_closest_marker("allegiance")
        return settings(
            mark,
            model=self._option("model"),
            trials=self._option("trials"),
            adapter=self._option("adapter"),
        )

    def _configurations(self, build: Build, models: Sequence[str]) -> tuple[Configuration, ...]:
        chosen = self._settings()
        plan = expand(
            scenarios=chosen.scenario_names,
            adapters=[chosen.adapter or detect_framework(build)],
            factors=chosen.factors,
            models=models,
            base_url=self._option("base-url"),
            app=function_label(build),
            guard=chosen.guard,
        )
        for left_out in plan.left_out:
            warnings.warn(AllegianceWarning(f"left out: {left_out}"), stacklevel=2)
        return plan.configurations

    def _checked(self, build: Build, native: Any) -> GateReport:
        chosen = self._settings()
        folder = self._folder("replay")
        if folder is not None:
            trials, played = replay(folder, chosen, warn=_warn)
            return decide(trials, chosen.criteria, source=str(folder), exercise=played)
        model = None if native is None else _native(native)
        base_url = self._option("base-url")
        models = [model] if model else [parse_model(m, base_url) for m in chosen.model]
        reasons = [reason for measured in models if (reason := missing_key(measured))]
        if not models or reasons:
            self._cannot_measure(reasons[0] if reasons else NO_MODEL)
        configurations = self._configurations(build, [measured.spec for measured in models])
        scripted = all(measured.scripted_agent for measured in models)
        if not scripted and self._option("inconclusive") == "fail":
            _refuse_too_few(chosen, len(configurations))
        limits = Limits(timeout=chosen.timeout, turns=chosen.turns)
        played = exercise(configurations, seed=chosen.seed, limits=limits, build=build)
        trials = play_recorded(
            configurations,
            self._folder("record"),
            trials=chosen.trials,
            seed=chosen.seed,
            concurrency=chosen.concurrency,
            limits=limits,
            model=model,
            build=build,
            exercise=played,
        )
        return decide(
            _in_order(trials), chosen.criteria, source=str(self._node.path), exercise=played
        )

    def _cannot_measure(self, reason: str) -> None:
        """Skip the test, or fail it where a gate is asked for: a skipped test is green."""
        __tracebackhide__ = True
        if is_strict(self._config):
            raise UserError(f"{reason} (--allegiance-strict is on, so this is a failure)")
        pytest.skip(f"{NOT_CHECKED}{reason}")

    def _contained(self, build: Build, roles: Sequence[str]) -> list[Performance]:
        chosen = self._settings()
        limits = Limits(timeout=chosen.timeout, turns=chosen.turns)
        configurations = self._configurations(build, ["scripted:loyal"])
        played = exercise(configurations, seed=chosen.seed, limits=limits, build=build)
        self._report_exercise(played)
        return contained(
            build,
            configurations,
            seed=chosen.seed,
            limits=limits,
            concurrency=chosen.concurrency,
            exercised=played,
            roles=roles,
        )

    def _folder(self, option: str) -> Path | None:
        """Return the folder of this check's recording; each check of a test has its own."""
        root = self._option(option)
        if root is None:
            return None
        self._checks += 1
        name = re.sub(r"[^\w.-]+", "-", self._node.nodeid).strip("-")[-80:]
        return Path(root) / f"{name}-{digest([self._node.nodeid, self._checks])[:8]}"

    def _report(self, line: str) -> None:
        """Add a line to the test's report: for ``-rA``, JUnit files and xdist."""
        self._node.user_properties.append(("allegiance", line))
        self._node.add_report_section("call", "allegiance", f"{line}\n")

    def _report_exercise(self, exercised: Sequence[Exercise]) -> None:
        """Add what was exercised to the test's report, for the summary of all tests."""
        if line := summary(exercised):
            self._node.user_properties.append((EXERCISED, line))

    def _conclude(self, report: GateReport) -> None:
        __tracebackhide__ = True
        self._report_exercise(report.exercise)
        self._report(f"{report.status}: {report.reason}; violated, %: {show_rate(report.overall)}")
        if report.status == "pass":
            return
        if report.status == "inconclusive":
            result = self._option("inconclusive")
            if result == "skip":
                pytest.skip(f"inconclusive: {report.reason}")
            if result == "pass":
                _warn(f"inconclusive, passed by --allegiance-inconclusive: {report.reason}")
                return
        pytest.fail(f"allegiance: {text.render(report)}", pytrace=False)


def _refuse_too_few(chosen: Settings, configurations: int) -> None:
    """Refuse trials that could not establish a pass even if all were clean.

    It runs before any model is called, since calls cost money.

    Raises:
        UserError: With the number of trials that is needed.
    """
    needed = trials_needed(0, chosen.max_rate)
    if needed is None:
        raise UserError(
            "max_rate=0 cannot be established by any number of trials; set a rate above 0"
        )
    whole_run = chosen.per == "run"
    played = chosen.trials * (configurations if whole_run else 1)
    if played < needed:
        size = (
            f"{configurations} configurations of {chosen.trials} trials"
            if whole_run
            else "one configuration"
        )
        raise UserError(
            f"{played} trials ({size}) cannot establish max_rate={chosen.max_rate:g} even if none "
            f"is flagged: {needed} can. Play more, raise max_rate, or use "
            "--allegiance-inconclusive=skip or =pass"
        )


def _in_order(trials: Sequence[Trial]) -> list[Trial]:
    return sorted(
        trials, key=lambda t: (t.trace.scenario, t.trace.condition.label(), t.trace.trial)
    )


def _problem_lines(performance: Performance) -> list[str]:
    trial = performance.trial
    trace = trial.trace
    lines = [
        f"{trace.scenario} ({trace.condition.label()}), script {performance.name!r} "
        f"({performance.script.agent}): {PROBLEMS[performance.problem or 'achieved']}",
        f"  outcome {trial.outcome} after {trace.usage.turns} turns",
    ]
    if performance.problem == "not exercised":
        lines.append(f"  {one_line(performance.reason, 600)}")
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


def _warn(message: str) -> None:
    warnings.warn(AllegianceWarning(message), stacklevel=3)
