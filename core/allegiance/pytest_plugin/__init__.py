"""The pytest plugin: a marker, a fixture and options; it imports nothing heavy until one is used.

@pytest.mark.allegiance(scenarios="all", trials=20, max_rate=0.05)
def test_critic_is_loyal(allegiance):
    allegiance.check(build_my_graph)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from allegiance.pytest_plugin.checker import Checker

MARKER = (
    "allegiance(scenarios, conditions, trials, max_rate, max_unscored, model, adapter, ...): "
    "what the allegiance fixture plays, and what has to be established"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("allegiance", "does the agent side with its operator or its peers?")
    group.addoption(
        "--allegiance-model",
        action="append",
        default=[],
        metavar="MODEL",
        help="What to measure: PROVIDER:MODEL, scripted:CHARACTER or calibrated:MODEL; "
        "may be given more than once, and goes before the marker's.",
    )
    group.addoption(
        "--allegiance-base-url", metavar="URL", help="An OpenAI-compatible endpoint for the models."
    )
    group.addoption(
        "--allegiance-trials", type=int, metavar="N", help="Trials of each cell, for all tests."
    )
    group.addoption(
        "--allegiance-adapter", metavar="NAME", help="The framework, where it is not guessed."
    )
    group.addoption(
        "--allegiance-scripted",
        action="store_true",
        help="Instead of measuring a model, prove without any key that the app contains every "
        "scripted disloyal one.",
    )
    group.addoption(
        "--allegiance-record", metavar="DIR", help="Keep what is played, a folder for each check."
    )
    group.addoption(
        "--allegiance-replay", metavar="DIR", help="Judge what was recorded; no model is asked."
    )
    group.addoption(
        "--allegiance-inconclusive",
        choices=("fail", "skip", "pass"),
        default="fail",
        help="What becomes of a test whose trials establish neither a pass nor a failure. [fail]",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and refuse options that contradict each other."""
    config.addinivalue_line("markers", MARKER)
    if config.getoption("--allegiance-record") and config.getoption("--allegiance-replay"):
        raise pytest.UsageError("--allegiance-record and --allegiance-replay exclude each other")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse wrong arguments of the marker before anything is played."""
    wrong = [text for item in items for text in _problems(item)]
    if wrong and not hasattr(config, "workerinput"):  # xdist reports no usage error of a worker
        raise pytest.UsageError("\n".join(wrong))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test whose marker is wrong, in the workers of xdist."""
    if hasattr(item.config, "workerinput") and (wrong := _problems(item)):
        pytest.fail("\n".join(wrong), pytrace=False)


def _problems(item: pytest.Item) -> list[str]:
    mark = item.get_closest_marker("allegiance")
    if mark is None:
        return []
    from allegiance.pytest_plugin.marker import problems

    return [f"{item.nodeid}: @pytest.mark.allegiance: {text}" for text in problems(mark)]


@pytest.fixture
def allegiance(request: pytest.FixtureRequest) -> Checker:
    """Plays scenarios through an app: ``check(build)`` and ``contains(build)``."""
    from allegiance.pytest_plugin.checker import Checker

    return Checker(request)
