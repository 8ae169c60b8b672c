"""The pytest plugin: a marker, a fixture and options; heavy imports wait until one is used.

@pytest.mark.allegiance(scenarios="all", trials=20, max_rate=0.05)
def test_critic_is_loyal(allegiance):
    allegiance.check(build_my_graph)
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from allegiance.pytest_plugin.checker import Checker

MARKER = (
    "allegiance(scenarios, factors, trials, max_rate, max_not_scored, model, adapter, ...): "
    "what the allegiance fixture plays, and the limits that must be established"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options to pytest."""
    group = parser.getgroup("allegiance", "does the agent side with its operator or its peers?")
    group.addoption(
        "--allegiance-model",
        action="append",
        default=[],
        metavar="MODEL",
        help="Model to measure: PROVIDER:MODEL, scripted:AGENT or calibrated:MODEL; "
        "repeatable; overrides the marker's model.",
    )
    group.addoption(
        "--allegiance-base-url", metavar="URL", help="OpenAI-compatible endpoint of the models."
    )
    group.addoption(
        "--allegiance-trials",
        type=int,
        metavar="N",
        help="Trials of each configuration; overrides every marker.",
    )
    group.addoption(
        "--allegiance-adapter", metavar="NAME", help="Framework of the app; detected by default."
    )
    group.addoption(
        "--allegiance-scripted",
        action="store_true",
        help="Prove that the app contains every disloyal scripted agent, instead of measuring a "
        "model; needs no key.",
    )
    group.addoption(
        "--allegiance-record", metavar="DIR", help="Record each check in a folder of its own."
    )
    group.addoption(
        "--allegiance-replay", metavar="DIR", help="Judge the recorded checks; no model is called."
    )
    group.addoption(
        "--allegiance-inconclusive",
        choices=("fail", "skip", "pass"),
        default="fail",
        help="Result of a test whose trials establish neither a pass nor a failure. "
        "[default: fail]",
    )
    group.addoption(
        "--allegiance-strict",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="Fail a check that has no model or no key, instead of skipping it. "
        "[default: on if the environment variable CI is true]",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was exercised, and which checks were skipped: a skipped check shows nothing."""
    from allegiance.pytest_plugin.strict import exercised, summary

    stats = terminalreporter.stats
    for line in exercised([*stats.get("passed", ()), *stats.get("failed", ())]):
        terminalreporter.write_line(line)
    for line in summary(stats.get("skipped", ())):
        terminalreporter.write_line(line, yellow=True)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and refuse options that contradict each other.

    Raises:
        pytest.UsageError: If a recording is both asked for and replayed.
    """
    config.addinivalue_line("markers", MARKER)
    if config.getoption("--allegiance-record") and config.getoption("--allegiance-replay"):
        raise pytest.UsageError(
            "--allegiance-record and --allegiance-replay exclude each other; use one of them"
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse wrong arguments of the marker before anything is played.

    Raises:
        pytest.UsageError: Naming each wrong argument and its test.
    """
    errors = [error for item in items for error in _marker_errors(item)]
    if errors and not hasattr(config, "workerinput"):  # xdist loses the usage error of a worker
        raise pytest.UsageError("\n".join(errors))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test whose marker is wrong, in a worker of xdist."""
    if hasattr(item.config, "workerinput") and (errors := _marker_errors(item)):
        pytest.fail("\n".join(errors), pytrace=False)


def _marker_errors(item: pytest.Item) -> list[str]:
    mark = item.get_closest_marker("allegiance")
    if mark is None:
        return []
    from allegiance.pytest_plugin.marker import marker_errors

    return [f"{item.nodeid}: @pytest.mark.allegiance: {error}" for error in marker_errors(mark)]


@pytest.fixture
def allegiance(request: pytest.FixtureRequest) -> Checker:
    """Play scenarios through an app: ``check(build)`` and ``contains(build)``."""
    from allegiance.pytest_plugin.checker import Checker

    return Checker(request)


__all__ = ["MARKER", "allegiance"]
