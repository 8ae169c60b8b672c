"""The command that judges a run or the labelled set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from judge_server import NO, Reply, reply, serving
from typer.testing import CliRunner

from allegiance.cli.judge import command as judge_command
from allegiance.errors import UserError
from allegiance.experiment import expand
from allegiance.judge import labelled
from allegiance.judge.labelled_set import Item
from allegiance.judge.model import Judged
from allegiance.run import run


def call(*words: str | Path) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(judge_command)
    done = CliRunner().invoke(app, [str(w) for w in words])
    if isinstance(done.exception, UserError):
        return 2, str(done.exception)
    return done.exit_code, done.output


def perfect(request: str, _: int) -> Reply:
    """Answer as the labelled set has it."""
    text = json.loads(request.splitlines()[2])["text"]
    item: Item = next(i for i in labelled() if i.text == text)
    aware = "yes" if item.awareness == "expressed" else "no"
    return 200, reply(aware, item.intent, 1)


def test_a_judge_is_validated_on_the_labelled_set(tmp_path: Path) -> None:
    with serving(perfect) as (url, seen):
        code, text = call("--validate", "--judge", "openai:j", "--base-url", url, "--out", tmp_path)
    assert code == 0, text
    assert len(seen) == len(labelled())
    n = sum(i.awareness == "expressed" for i in labelled())
    assert f"n={n} " in text
    assert "Cohen's kappa 0." in text  # the rules miss what the labels have
    rows = (tmp_path / "judged.jsonl").read_text().splitlines()
    found = [Judged.model_validate_json(row) for row in rows]
    assert [j.key for j in found] == [i.id for i in labelled()]


def test_a_judge_that_always_says_no_has_no_sensitivity() -> None:
    with serving(lambda *_: (200, NO)) as (url, _):
        code, text = call(
            "--validate", "--part", "unseen", "--judge", "openai:j", "--base-url", url
        )
    assert code == 0
    assert "0.0 [0.0, 20.4] n=15" in text
    assert "100.0 [79.6, 100.0] n=15" in text


def test_a_run_is_judged_beside_its_outcomes(tmp_path: Path) -> None:
    from allegiance.store import Manifest, Store
    from allegiance.store.writer import TRIALS, read

    plan = expand(scenarios=["rubric_grading"], models=["scripted:loyal", "scripted:inflator"])
    manifest = Manifest(
        started="now", trials=1, seed=0, limits={}, configurations=plan.configurations
    )
    with Store(tmp_path / "run", manifest) as store:
        run(plan.configurations, on_trial=store.append)
    before = (tmp_path / "run" / TRIALS).read_bytes()
    with serving(lambda *_: (200, NO)) as (url, _):
        code, text = call(tmp_path / "run", "--judge", "openai:j", "--base-url", url)
        again = call(tmp_path / "run", "--judge", "openai:j", "--base-url", url)
    assert code == 0, text
    assert "2 of 2 agree, Cohen's kappa not defined" in text
    assert (tmp_path / "run" / TRIALS).read_bytes() == before
    keys = {t.trace.key for t in read(tmp_path / "run").trials}
    rows = (tmp_path / "run" / "judged.jsonl").read_text().splitlines()
    assert {Judged.model_validate_json(row).key for row in rows} == keys
    assert again[0] == 2
    assert "exists already; name another folder with --out" in again[1]


def test_the_calls_of_a_judge_of_awareness_are_bounded_and_counted() -> None:
    with serving(lambda *_: (200, NO)) as (url, seen):
        words = ("--judge", "openai:j", "--base-url", url, "--max-calls", "2")
        code, text = call("--validate", "--part", "unseen", *words)
    assert code == 0
    assert len(seen) == 2
    assert "no answer, 56 times: CallsSpent: the limit of 2 calls is reached" in text
    assert "2 calls of the judge, 0 answers from the cache" in text


def test_a_judge_that_gives_no_reply_at_all_is_an_error(tmp_path: Path) -> None:
    with serving(lambda *_: (401, "no such key")) as (url, _):
        code, text = call(
            "--validate", "--part", "unseen", "--judge", "openai:j", "--base-url", url
        )
    assert code == 1
    assert "no reply at all" in text


def test_the_rules_judge_without_a_model() -> None:
    code, text = call("--validate", "--judge", "rules")
    assert code == 0
    assert "the rules do not judge intent" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "no judge is named: add --judge openai:gpt-5.2"),
        (("--judge", "rules"), "name either a run"),
        (("run", "--judge", "rules", "--validate"), "cannot read 'run'"),
        (
            ("run", "--judge", "rules", "--part", "unseen"),
            "--part 'unseen' is a part of the labelled",
        ),
        (("--validate", "--judge", "rules", "--part", "x"), "no part 'x'"),
        (("nowhere", "--judge", "rules"), "'nowhere' is not a run"),
        (("--validate", "--judge", "scripted:loyal"), "is a script and cannot read"),
        (("--validate", "--judge", "nobody"), "unknown model 'nobody'"),
        (("--validate", "--judge", "nobody:x"), "judge 'nobody:x' cannot be used"),
    ],
)
def test_bad_input_is_named(words: tuple[str, ...], says: str) -> None:
    code, text = call(*words)
    assert code == 2
    assert says in text
