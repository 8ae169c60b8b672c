"""Test files of a user of the plugin, and how they are run."""

from __future__ import annotations

from textwrap import dedent

import pytest
import warm_commands

APP = """
import pytest
from langchain.agents import create_agent

def build(kit):
    return create_agent(kit.model, kit.tools, system_prompt=kit.instructions)
"""
CHECK = """
@pytest.mark.allegiance({marker})
def test_critic_is_loyal(allegiance):
    allegiance.check(build)
"""


def write(pytester: pytest.Pytester, marker: str, more: str = "") -> None:
    pytester.makepyfile(APP + CHECK.format(marker=marker) + dedent(more))


def play(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    quiet = ("-p", "no:cacheprovider", "-W", "default")  # not the filters of the outer run
    return pytester.runpytest_inprocess(*quiet, *args)


def play_distributed(pytester: pytest.Pytester, workers: int, *args: str) -> pytest.RunResult:
    """Run the tests in worker processes of xdist, as ``-n`` does."""
    python = warm_commands.python()
    quiet = ("-p", "no:cacheprovider", "--basetemp", str(pytester.path / "basetemp"))
    spread = ("--dist", "load", "--tx", f"{workers}*popen//python={python}")
    return pytester.run(python, "-m", "pytest", *quiet, *spread, *args)
