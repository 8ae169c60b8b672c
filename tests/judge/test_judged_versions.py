"""A judge model is a part of what judged a trial, whether or not it was asked."""

from __future__ import annotations

from pathlib import Path

from cli_calls import Cli, spaceless

from allegiance.judge.filling import EVERYTHING, judge_again
from allegiance.run.rescore import rescore
from allegiance.store.writer import read

RUN = ("run", "rubric_grading", "--model", "scripted:loyal", "--trials", "2")


def test_trials_that_a_judge_may_have_read_are_not_mixed_with_others(
    cli: Cli, tmp_path: Path
) -> None:
    played, judged, back = (tmp_path / name for name in ("played", "judged", "back"))
    assert cli(*RUN, "--out", str(played)).code == 0
    result = rescore(
        played, judged, lambda trial: judge_again(trial, {}, EVERYTHING), judge=EVERYTHING.by
    )
    assert (result.trials, result.outcomes, result.verdicts) == (2, 0, 0)
    assert list(result.lines())[-1] == "changed since: judge"
    assert read(judged).manifest["judged_by"]["judge"] == EVERYTHING.by
    assert {trial.words for trial in read(judged).trials} == {None}  # nothing was unread

    refused = cli("compare", str(played), str(judged))
    assert refused.code == 2
    assert "cannot be used together" in spaceless(refused.err)
    assert "(they differ in judge)" in spaceless(refused.err)

    assert cli("rescore", str(judged), "--out", str(back)).code == 0
    assert "judge" not in read(back).manifest["judged_by"]
    assert list(read(back).trials) == list(read(played).trials)
    compared = cli("compare", str(played), str(back))  # the versions agree; the patterns do, too
    assert "two patterns are needed" in spaceless(compared.err)
