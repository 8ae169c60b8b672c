"""What the gate writes for other tools is what they read."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from junitparser import JUnitXml
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from allegiance.cli import app
from allegiance.experiment import expand
from allegiance.experiment.configurations import RunPlan
from allegiance.gate import Criteria, GateReport, decide
from allegiance.gate.formats import github, gitlab, junit, markdown, sarif, text
from allegiance.report.excerpt import excerpt, one_line
from allegiance.run import run
from allegiance.store import Manifest, Store
from allegiance.trace import Trial

SARIF = Path(__file__).parent / "data" / "sarif-2.1.0.json"
HOSTILE = (
    "100 % ::error::x\r\n::set-output name=a::b\n##[error]c\n</failure>]]> & <b>@team `x` "
    "| cell |\x00\x1b[31m\ufffe ```\n````\nend, a:b"
)


def manifest(plan: RunPlan, trials: int, seed: int = 0) -> Manifest:
    started = "2026-05-01T10:00:00+00:00"
    return Manifest(
        started=started, trials=trials, seed=seed, limits={}, configurations=plan.configurations
    )


@cache
def trials() -> tuple[Trial, ...]:
    plan = expand(
        scenarios=["disk_cleanup", "rubric_grading"],
        models=["scripted:exfiltrator", "scripted:loyal"],
    )
    return tuple(run(plan.configurations, trials=3))


def hostile(trial: Trial) -> Trial:
    """Return a trial in which everything that a model can write is written to do harm."""
    events = tuple(
        e.model_copy(update={"text": HOSTILE, "tool": e.tool and HOSTILE, "args": HOSTILE})
        for e in trial.trace.events
    )
    verdicts = tuple(
        v.model_copy(
            update={"findings": tuple(f.model_copy(update={"reason": HOSTILE}) for f in v.findings)}
        )
        for v in trial.verdicts
    )
    trace = trial.trace.model_copy(update={"events": events, "model": f"openai:{HOSTILE}"})
    return trial.model_copy(update={"trace": trace, "verdicts": verdicts})


def reports() -> dict[str, GateReport]:
    loyal = [t for t in trials() if t.trace.model == "scripted:loyal"]
    return {
        "mixed": decide(trials(), Criteria(), source="runs/a b/trials.jsonl"),
        "pass": decide(loyal, Criteria(max_rate=0.6), source="runs/x/trials.jsonl"),
        "doubtful": decide(loyal, Criteria(per="run"), source="runs/x/trials.jsonl"),
        "hostile": decide([hostile(t) for t in trials()], Criteria(), source="runs/x/trials.jsonl"),
    }


@pytest.fixture(params=["mixed", "pass", "doubtful", "hostile"])
def report(request: pytest.FixtureRequest) -> GateReport:
    return reports()[request.param]


def problems(found: GateReport) -> int:
    return sum(r.status != "pass" for r in found.rulings)


def test_sarif_is_valid_and_every_result_has_a_place_and_a_fingerprint(report: GateReport) -> None:
    document = json.loads(sarif.render(report))
    Draft4Validator(json.loads(SARIF.read_text())).validate(document)
    (one,) = document["runs"]
    rules = [rule["id"] for rule in one["tool"]["driver"]["rules"]]
    assert len(one["results"]) == problems(report)
    prints = set()
    for result in one["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"]
        assert " " not in place["artifactLocation"]["uri"]
        assert place["region"]["startLine"] >= 1
        assert rules[result["ruleIndex"]] == result["ruleId"]
        prints.add(result["partialFingerprints"][sarif.FINGERPRINT])
    assert len(prints) == len(one["results"])


def test_the_sarif_schema_refuses_what_is_not_sarif() -> None:
    document = json.loads(sarif.render(reports()["mixed"]))
    document["runs"][0]["results"][0]["locations"][0]["physicalLocation"] = {"line": 1}
    assert list(Draft4Validator(json.loads(SARIF.read_text())).iter_errors(document))


def test_fingerprints_are_of_the_cell_and_not_of_the_numbers() -> None:
    few, more = (
        json.loads(sarif.render(decide(some, Criteria(), source="t.jsonl")))["runs"][0]["results"]
        for some in ([t for t in trials() if t.trace.trial == 0], trials())
    )
    assert {r["partialFingerprints"][sarif.FINGERPRINT] for r in few} == {
        r["partialFingerprints"][sarif.FINGERPRINT] for r in more
    }


def test_junit_counts_failures_and_doubts_apart(report: GateReport, tmp_path: Path) -> None:
    file = tmp_path / "junit.xml"
    file.write_text(junit.render(report), encoding="utf-8")
    ET.fromstring(file.read_text(encoding="utf-8"))
    suite = next(iter(JUnitXml.fromfile(str(file))))
    failed = sum(r.status == "fail" for r in report.rulings)
    doubtful = sum(r.status == "inconclusive" for r in report.rulings)
    of_the_run = int(report.criteria.per == "run" and report.status == "inconclusive")
    assert suite.failures == failed
    assert suite.errors == doubtful + of_the_run
    assert suite.tests == len(report.rulings) + of_the_run
    names = [(case.classname, case.name) for case in suite]
    assert len(set(names)) == len(names)


def test_gitlab_has_what_code_quality_needs(report: GateReport) -> None:
    entries = json.loads(gitlab.render(report))
    assert len(entries) == problems(report)
    assert len({e["fingerprint"] for e in entries}) == len(entries)
    for entry in entries:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert entry["location"]["lines"]["begin"] >= 1


def test_github_commands_are_one_a_line_and_nothing_in_them_is_a_command(
    report: GateReport,
) -> None:
    for line in github.render(report).splitlines():
        match = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
        assert match is not None, line
        assert "##[" not in line
        properties = dict(part.split("=", 1) for part in match[2].split(","))
        assert set(properties) <= {"file", "line", "title"}
        assert re.search(r"%(?!25|0A|0D|3A|2C)", line) is None


def test_github_escapes_as_its_own_toolkit_does() -> None:
    assert github.escape_data("100 %\r\n: ,") == "100 %25%0D%0A: ,"
    assert github.escape_property("a:b,c%\n") == "a%3Ab%2Cc%25%0A"


def test_markdown_is_one_table_and_nothing_in_it_is_markup(report: GateReport) -> None:
    content = markdown.render(report)
    assert content.startswith(markdown.MARK)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(content)
    rows = [t for t in tokens if t.type == "tr_open"]
    cells = [t for t in tokens if t.type in ("td_open", "th_open")]
    assert len(cells) == 8 * len(rows)
    html = [t.content for t in tokens if t.type == "html_block"]
    assert all(h.startswith(("<!-- allegiance", "<details>", "</details>")) for h in html)
    inline = [c for t in tokens for c in t.children or () if t.type == "inline"]
    assert not [c for c in inline if c.type in ("html_inline", "link_open", "image")]
    assert not any(re.search(r"@\w", t.content) for t in tokens if t.type == "inline")
    fences = [t for t in tokens if t.type == "fence"]
    assert len(fences) == len([h for h in html if h.startswith("<details>")])


def test_a_scripted_agent_is_called_one_everywhere() -> None:
    found = reports()["mixed"]
    for content in (
        text.render(found),
        junit.render(found),
        sarif.render(found),
        gitlab.render(found),
        markdown.render(found),
        github.render(found),
    ):
        assert "A scripted agent was measured, not a model" in content


def test_an_excerpt_never_begins_a_line_with_a_command() -> None:
    for trial in map(hostile, trials()):
        found = [f for v in trial.verdicts for f in v.findings]
        for line in excerpt(trial, found):
            assert not line.strip().startswith(("::", "##["))
            assert line.isprintable()
    assert "\n" not in one_line(HOSTILE)


def test_the_command_writes_every_file_and_appends_to_the_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = expand(scenarios=["disk_cleanup"], models=["scripted:exfiltrator"])
    with Store(tmp_path / "run", manifest(plan, 2, 0)) as store:
        run(plan.configurations, trials=2, on_trial=store.append)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    files: dict[str, Any] = {
        "junit": "out/junit.xml",
        "sarif": "out/allegiance.sarif",
        "gitlab": "out/quality.json",
        "markdown": "out/comment.md",
        "github": "out/commands.txt",
        "text": "out/report.txt",
    }
    args = [f"--write={name}={file}" for name, file in files.items()]
    result = CliRunner().invoke(app, ["gate", "run", *args, "--github"])
    assert result.exit_code == 1, result.output
    assert all((tmp_path / name).stat().st_size for name in files.values())
    assert summary.read_text().startswith("before\n<!-- allegiance gate -->")
    assert "::error file=run/trials.jsonl,line=1," in result.output


def test_a_target_that_is_a_file_is_where_results_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "desk.py").write_text("import os\n\n\ndef build(kit):\n    ...\n")
    named = [
        t.model_copy(update={"trace": t.trace.model_copy(update={"app": "shop.desk:build"})})
        for t in trials()
    ]
    document = json.loads(sarif.render(decide(named, Criteria(), source="runs/x/trials.jsonl")))
    for result in document["runs"][0]["results"]:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "shop/desk.py"
        assert place["region"]["startLine"] == 4
