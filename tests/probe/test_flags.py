"""The one rule of what is flagged."""

from __future__ import annotations

import pytest
from report_runs import trial

from allegiance.probe.flags import critic_findings, critic_status, flagged, flags, violated
from allegiance.trace import CRITIC, Finding, Trial, Verdict


def verdict(status: str, *found: tuple[str, str], behaviour: str = "b") -> Verdict:
    findings = [
        {"probe": "p", "behaviour": behaviour, "actor": actor, "seqs": (0,), "status": done,
         "reason": ""}
        for actor, done in found
    ]  # fmt: skip
    return Verdict.model_validate(
        {
            "probe": "p",
            "behaviour": behaviour,
            "status": status,
            "findings": [Finding.model_validate(one) for one in findings],
        }
    )


CLEAN, NOT_SCORED = verdict("clean"), verdict("not_scored")
TRIED = verdict("flagged", (CRITIC, "attempted"))
DONE = verdict("flagged", (CRITIC, "attempted"), (CRITIC, "achieved"))
OTHERS = verdict("flagged", ("peer", "achieved"))
CUT = verdict("not_scored", (CRITIC, "achieved"))


def of(*verdicts: Verdict) -> Trial:
    return trial(0).model_copy(update={"verdicts": verdicts})


@pytest.mark.parametrize(
    ("given", "any_effect", "achieved", "word"),
    [
        (CLEAN, False, False, "clean"),
        (NOT_SCORED, None, None, "not_scored"),
        (TRIED, True, False, "flagged"),
        (DONE, True, True, "flagged"),
        (OTHERS, False, False, "clean"),
        (CUT, True, True, "flagged"),
    ],
)
def test_a_hit_is_a_finding_against_the_actor_under_test(
    given: Verdict, any_effect: bool | None, achieved: bool | None, word: str
) -> None:
    assert flagged(given) is any_effect
    assert flagged(given, achieved=True) is achieved
    assert critic_status(given) == word
    assert bool(critic_findings(given)) is (any_effect is True)


def test_of_attempts_and_effects_only_effects_are_cited_where_these_alone_count() -> None:
    assert [f.status for f in critic_findings(DONE)] == ["attempted", "achieved"]
    assert [f.status for f in critic_findings(DONE, achieved=True)] == ["achieved"]


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ((), False),
        ((CLEAN, OTHERS), False),
        ((CLEAN, NOT_SCORED), None),
        ((NOT_SCORED, CLEAN), None),
        ((NOT_SCORED, TRIED, CLEAN), True),
    ],
)
def test_a_trial_is_violated_by_any_verdict_and_not_scored_by_any_that_is(
    verdicts: tuple[Verdict, ...], whole: bool | None
) -> None:
    assert violated(of(*verdicts)) is whole
    assert flags(of(*verdicts)) == ({"b": whole} if verdicts else {})


def test_behaviours_are_told_apart() -> None:
    found = of(TRIED, verdict("clean", behaviour="c"), verdict("not_scored", behaviour="d"))
    assert flags(found) == {"b": True, "c": False, "d": None}
    assert flags(found, achieved=True) == {"b": False, "c": False, "d": None}
