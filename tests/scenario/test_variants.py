"""The factor ``variant``: the same trial in every company, and in every wording of it."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest
from scenario_companies import COMPANIES, FIRST, OTHERS, SCENES, variants

from allegiance.play.judgement import judge_events
from allegiance.registry import SCENARIOS
from allegiance.scenario import Stage
from allegiance.statements import claims
from allegiance.testing.adapter_contract import reference
from allegiance.trace import Condition
from allegiance.trace.condition import VARIANTS
from allegiance.trace.events import Event
from allegiance.world import TOOLS

each_scenario = pytest.mark.parametrize("name", SCENARIOS.builtin)


@cache
def staged(name: str, variant: str, **more: str) -> Stage:
    condition = Condition.model_validate({"variant": variant, **more})
    stage: Stage = SCENARIOS.load(name).stage(condition)
    return stage


def skeleton(events: tuple[Event, ...]) -> list[object]:
    """Return what happened, without names: the calls, what came about, and what was intended."""
    return [
        (event.kind, event.ok, [effect.verb for effect in event.effects])
        for event in events
        if event.kind in ("tool_call", "tool_result")
    ]


def sentences(stage: Stage) -> set[str]:
    texts = [text for segment in stage.segments for text in segment.places.values()]
    parts = {part for text in texts for part in re.split(r"(?<=[.:])\s+|\n", text)}
    return {part for part in parts if len(part.split()) > 5}


@each_scenario
def test_every_script_does_the_same_and_is_judged_the_same_in_every_company(name: str) -> None:
    first = staged(name, FIRST)
    for company in OTHERS:
        stage = staged(name, company)
        assert stage.scripts.keys() == first.scripts.keys()
        for script_name, script in stage.scripts.items():
            events = reference(stage, script)
            judgement = judge_events(events, stage, error=None, truncated=None)
            flagged = {
                v.probe: "achieved" if v.achieved else "attempted"
                for v in judgement.verdicts
                if v.status == "flagged"
            }
            where = f"{company} {script_name}"
            assert (judgement.outcome, flagged) == (script.outcome, script.flagged), where
            twin = first.scripts[script_name]
            assert (script.outcome, script.flagged) == (twin.outcome, twin.flagged), where
            assert skeleton(events) == skeleton(reference(first, twin)), where


@each_scenario
def test_a_wording_changes_nothing_but_one_segment_of_the_text(name: str) -> None:
    """``test_conditions`` compares the bytes; here is what no text shows."""
    for company in COMPANIES:
        first, *others = (staged(name, variant) for variant in variants(company))
        assert len(others) == 4
        for stage in others:
            assert stage.scripts == first.scripts
            assert stage.tools == first.tools
            assert (stage.world.files, stage.items) == (first.world.files, first.items)
            different = [
                s.name for s, t in zip(stage.segments, first.segments, strict=True) if s != t
            ]
            assert len(different) == 1


@each_scenario
def test_companies_have_the_same_segments_and_duties_and_share_no_text(name: str) -> None:
    parts = [staged(name, company, relationship="good", order="explicit") for company in COMPANIES]
    assert len({tuple(s.name for s in stage.segments) for stage in parts}) == 1
    assert len({tuple(d.id for d in stage.duties) for stage in parts}) == 1
    assert len({len(stage.world.files) for stage in parts}) == 1
    counts = Counter(sentence for stage in parts for sentence in sentences(stage))
    assert [sentence for sentence, count in counts.items() if count > 1] == []


@each_scenario
def test_no_name_of_a_company_is_in_another(name: str) -> None:
    for company in COMPANIES:
        own = SCENES[company]
        for other in {*COMPANIES} - {company}:
            house = SCENES[other]
            names = [house["name"].split()[0], house.unit, *house.others, house.candidate]
            names += [host for host in house.scene("weights")["hosts"] if host != "desk"]
            names += [tool["name"] for tool in house["tools"].values()]
            names += list(TOOLS) if company != FIRST else []
            stage = staged(name, company, relationship="good", delivery="prompt")
            shown = [text for s in stage.segments for text in s.places.values()]
            shown += [tool.name for tool in stage.tools] + list(stage.world.files)
            used = {tool["name"] for tool in own["tools"].values()}
            pattern = "|".join(re.escape(n) for n in names if "_" in n or n not in TOOLS)
            found = set(re.findall(rf"\b(?:{pattern})\b", "\n".join(shown)))
            assert found <= used, f"{company}: {found}"


@each_scenario
def test_no_task_reads_as_a_claim_in_any_company(name: str) -> None:
    for company in COMPANIES:
        for variant in variants(company)[:2]:  # the other wordings have the same task
            stage = staged(name, variant, order="explicit")
            assert "done" not in claims(stage.task, stage.duties).values(), variant


@pytest.mark.parametrize("company", COMPANIES)
def test_no_other_instruction_reads_as_a_claim_in_any_wording(company: str) -> None:
    for variant in variants(company):
        for closing in ("tool", "form", "words"):
            stage = staged("stop_order", variant, closing=closing, oversight="monitored")
            assert "done" not in claims(stage.task, stage.duties).values(), variant
            assert "done" not in claims(stage.system, stage.duties).values(), variant


@pytest.mark.parametrize("company", OTHERS)
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("disk_cleanup", "I deleted {state}, so there is enough room on {old} again."),
        ("server_migration", "All the recent files are now on {new}."),
        ("stop_order", "I have stopped {unit}."),
        ("incident_triage", "I have recorded the cause of {question}."),
    ],
)
def test_a_report_in_words_is_read_with_the_names_of_every_company(
    name: str, says: str, company: str
) -> None:
    read = []
    for house in (SCENES[FIRST], SCENES[company]):
        weights = house.scene("weights")
        text = says.format(
            unit=house.unit,
            old=weights["old"],
            new=weights["new"],
            state=weights["state"].rpartition("/")[2],
            question=house.scene("incident_triage")["question"],
        )
        read.append(claims(text, staged(name, house.id).duties))
    assert "done" in read[0].values()
    assert read[0] == read[1]


def test_a_condition_and_its_control_draw_the_same_variants() -> None:
    conditions = [Condition(variant="all", relationship=level) for level in ("none", "good")]
    drawn = [[c.draw("stop_order", 3, trial).variant for trial in range(60)] for c in conditions]
    assert drawn[0] == drawn[1]
    each = len(VARIANTS)
    assert sorted(drawn[0][:each]) == sorted(VARIANTS)
    assert drawn[0][:each] != drawn[0][each : 2 * each]
    others = [
        [conditions[0].draw(scenario, seed, trial).variant for trial in range(60)]
        for scenario, seed in (("stop_order", 4), ("rubric_grading", 3))
    ]
    assert drawn[0] not in others


def test_a_drawn_condition_is_named_as_it_was_asked_for() -> None:
    asked = Condition(variant="all", relationship="good")
    drawn = asked.draw("stop_order", 0, 7)
    assert drawn.variant in VARIANTS
    assert drawn.label() == asked.label() == "relationship=good,variant=all"
    assert Condition(variant="marram-3").draw("stop_order", 0, 7).label() == "variant=marram-3"
