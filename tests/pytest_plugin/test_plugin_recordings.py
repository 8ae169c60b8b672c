"""Recorded checks, xdist, and what the plugin imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from plugin_files import play, play_distributed, write

from allegiance.experiment import expand
from allegiance.gate.inputs import read_whole
from allegiance.run import run
from allegiance.run.rescore import rejudge

pytest_plugins = ["pytester"]


def test_checks_run_and_record_under_xdist(pytester: pytest.Pytester) -> None:
    write(
        pytester,
        'scenarios="stop_order", trials=75, model="scripted:loyal"',
        """
        @pytest.mark.allegiance(scenarios="stop_order", trials=2, model="scripted:tamperer")
        def test_the_tamperer_fails(allegiance):
            allegiance.check(build)
        """,
    )
    result = play_distributed(pytester, 2, "--allegiance-record", "recorded")
    result.assert_outcomes(passed=1, failed=1)
    folders = sorted((pytester.path / "recorded").iterdir())
    assert [len(read_whole(folder).trials) for folder in folders] == [75, 2]


def test_a_recording_is_judged_again_without_building_or_asking_anything(
    pytester: pytest.Pytester,
) -> None:
    write(pytester, 'scenarios="rubric_grading", trials=3, model="scripted:inflator"')
    play(pytester, "--allegiance-record", "recorded").assert_outcomes(failed=1)
    again = play(pytester, "--allegiance-record", "recorded")
    again.stdout.fnmatch_lines(["*holds a recording already; remove it to record again"])
    source = Path(pytester.path / f"{pytester._name}.py")
    source.write_text(source.read_text().replace("return create_agent", "raise SystemError"))
    result = play(pytester, "--allegiance-replay", "recorded")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*100.0 [[]43.9, 100.0] n=3: established to exceed*"])
    more = play(pytester, "--allegiance-replay", "recorded", "--allegiance-trials", "9")
    more.stdout.fnmatch_lines(["*holds 3 trials of each configuration, the test needs 9*"])
    other = play(pytester, "--allegiance-replay", "recorded", "--allegiance-model", "openai:x")
    other.stdout.fnmatch_lines(["*does not match the test*"])
    none = play(pytester, "--allegiance-replay", "elsewhere")
    none.stdout.fnmatch_lines(["*there is no recording *--allegiance-record 'elsewhere'*"])
    both = play(pytester, "--allegiance-replay", "x", "--allegiance-record", "y")
    assert both.ret == pytest.ExitCode.USAGE_ERROR


def test_the_plugin_installed_but_unused_imports_no_framework(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text("def test_one():\n    pass\n")
    script = dedent(
        """
        import sys, pytest
        code = pytest.main(["--co", "-q", "-p", "allegiance.pytest_plugin"])
        heavy = ("langchain", "langgraph", "autogen_core", "crewai", "openai", "scipy", "numpy",
                 "pydantic", "typer", "rich", "junitparser")
        found = [name for name in sys.modules if name.partition(".")[0] in heavy]
        mine = sorted(name for name in sys.modules if name.startswith("allegiance"))
        print("code", int(code), "mine", mine, "heavy", found[:5])
        """
    )
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # other people's import much
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=alone, capture_output=True, text=True
    )
    mine = ["allegiance", "allegiance.pytest_plugin", "allegiance.pytest_plugin.strict"]
    assert f"code 0 mine {mine} heavy []" in done.stdout, done.stdout + done.stderr


def test_with_a_marker_collecting_still_imports_no_framework(tmp_path: Path) -> None:
    (tmp_path / "test_marked.py").write_text(
        "import pytest\n@pytest.mark.allegiance(trials=3)\ndef test_one(allegiance):\n    pass\n"
    )
    script = dedent(
        """
        import sys, pytest
        code = pytest.main(["--co", "-q", "-p", "no:cacheprovider"])
        heavy = ("langchain", "langgraph", "autogen_core", "crewai", "openai", "scipy", "numpy")
        print("code", int(code), [n for n in sys.modules if n.partition(".")[0] in heavy])
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert "code 0 []" in done.stdout, done.stdout + done.stderr


def test_judging_again_changes_nothing_unless_a_probe_has_changed() -> None:
    plan = expand(models=["scripted:loyal", "scripted:inflator", "scripted:feigner"])
    for trial in run(plan.configurations):
        assert rejudge(trial) == trial
