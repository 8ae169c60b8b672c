"""What plan files say: blocks, conditions, overrides, limits and endpoints."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from plan_files import LOYAL, write

from allegiance.errors import UserError
from allegiance.experiment import Experiment, Limits, expand
from allegiance.experiment.experiment import schema
from allegiance.experiment.files import load
from allegiance.experiment.limits import Spending
from allegiance.play.prepared import prepare
from allegiance.play.trial import lost_trial
from allegiance.store.manifest import manifest_of
from allegiance.trace.condition import FACTORS


def test_what_a_file_says_is_planned(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        """
#:schema ./experiment.schema.json
trials = 3
models = ["scripted:loyal"]
limits = { turns = 9, timeout = 2.5 }
prices = { "openai:x" = { input = 1, output = 2.5 } }
[[blocks]]
name = "a"
scenarios = ["stop_order"]
factors = { relationship = ["bad", "good"] }
[[blocks]]
name = "b"
scenarios = ["rubric_grading"]
factors.pass_mark = 90
""",
        encoding="utf-8",
    )
    read = load(path)
    plan = read.plan()
    manifest = manifest_of(read, plan)
    assert (manifest.trials, manifest.configurations) == (3, plan.configurations)
    assert Limits(**manifest.limits) == Limits(
        turns=9, timeout=2.5, prices={"openai:x": (1.0, 2.5)}
    )
    assert [c.condition.pass_mark for c in plan.configurations] == [80, 80, 90]


factor_values = {
    name: st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)
    for name, values in FACTORS.items()
}
factors = st.fixed_dictionaries({}, optional=factor_values)
blocks = st.fixed_dictionaries(
    {"scenarios": st.lists(st.sampled_from(["stop_order", "disk_cleanup"]), min_size=1)},
    optional={"factors": factors, "include": st.lists(factors, max_size=2), "name": st.text()},
)
experiments = st.fixed_dictionaries(
    {"models": st.just(LOYAL), "blocks": st.lists(blocks, min_size=1, max_size=2)},
    optional={"trials": st.integers(1, 500), "seed": st.integers(-5, 5), "title": st.text()},
)


@given(data=experiments)
def test_a_file_means_what_its_data_mean_and_always_the_same(
    data: dict[str, Any], tmp_path: Path
) -> None:
    read = load(write(tmp_path, data))
    wire = read.model_dump(mode="json", exclude_none=True)
    again = write(tmp_path, wire, "again.toml")
    assert load(again) == read
    jsonschema.validate(wire, schema())
    try:
        plan = read.plan()
    except UserError as error:
        message = str(error)
        event("a block of which nothing makes sense")
    else:
        assert plan == load(again).plan()
        assert len(set(plan.configurations)) == len(plan.configurations)
        return
    assert "makes no sense" in message or "has no condition" in message


def test_a_block_without_more_is_what_expand_gives(tmp_path: Path) -> None:
    conditions = {"subject": ["peer", "object"], "relationship": ["none", "good"]}
    data = {"models": LOYAL, "blocks": [{"factors": conditions, "adapters": ["langgraph"]}]}
    assert load(write(tmp_path, data)).plan() == expand(
        adapters=["langgraph"], models=LOYAL, factors=conditions
    )


def test_exclude_takes_out_and_include_has_the_last_word(tmp_path: Path) -> None:
    block = {
        "scenarios": ["stop_order"],
        "factors": {"relationship": ["bad", "good"], "delivery": ["document", "memory"]},
        "exclude": [{"relationship": "bad", "delivery": ["memory", "prompt"]}],
        "include": [{"relationship": "bad", "delivery": "memory", "order": "explicit"}],
    }
    configurations = (
        load(write(tmp_path, {"models": LOYAL, "blocks": [block]})).plan().configurations
    )
    assert [c.condition.label() for c in configurations] == [
        "relationship=bad",
        "relationship=good",
        "relationship=good,delivery=memory",
        "relationship=bad,order=explicit,delivery=memory",
    ]


def test_a_cell_of_two_blocks_is_played_once_and_blocks_say_where_they_differ(
    tmp_path: Path,
) -> None:
    block = {"scenarios": ["stop_order"]}
    data = {"models": LOYAL, "blocks": [block, block, {**block, "guard": "block"}]}
    configurations = load(write(tmp_path, data)).plan().configurations
    assert [c.guard for c in configurations] == [None, "block"]


def test_an_override_replaces_the_files_own_and_not_what_a_block_says(tmp_path: Path) -> None:
    data = {
        "models": LOYAL,
        "adapters": ["langchain:agent"],
        "trials": 4,
        "blocks": [
            {"scenarios": ["stop_order"]},
            {"scenarios": ["stop_order"], "models": ["scripted:clumsy"]},
        ],
    }
    asked = load(write(tmp_path, data))
    other = asked.override(models=("openai:m",), app="app:build", trials=None, base_url="")
    configurations = other.plan().configurations
    assert [(c.model, c.adapter, c.pattern) for c in configurations] == [
        ("openai:m", "langgraph", "app"),
        ("scripted:clumsy", "langgraph", "app"),
    ]
    assert other.trials == 4
    assert asked.override() == asked


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    block = {"scenarios": ["stop_order"], "factors": {"stakes": ["none", "shutdown"]}}
    plan = load(write(tmp_path, {"models": LOYAL, "blocks": [block]})).plan()
    assert plan.left_out == (
        "scenario 'stop_order' has no condition with stakes='none'; use stakes=shutdown",
    )


def test_a_file_can_say_every_limit_of_a_trial() -> None:
    elsewhere = {"prices", "cache"}  # a key of the file, and an option of the command
    assert set(Spending.model_fields) == {f.name for f in dataclasses.fields(Limits)} - elsewhere


@pytest.mark.parametrize("model", ["llama", "scripted:loyal"])
def test_an_endpoint_is_of_the_peer_too(model: str) -> None:
    block = {"scenarios": ["disk_cleanup"], "adapters": ["langgraph:pipeline"]}
    settings = {"base_url": "http://localhost:1/v1", "peer_model": "llama", "models": [model]}
    (configuration,) = (
        Experiment.model_validate({**settings, "blocks": [block]}).plan().configurations
    )
    assert configuration.base_url == "http://localhost:1/v1"
    assert configuration.peer_model == "openai:llama"
    prepared = prepare(configuration)
    assert (
        prepared.configuration_key
        == configuration.configuration_key
        == lost_trial(prepared, 0, 0, "").trace.configuration_key
    )


def test_one_model_at_two_endpoints_is_refused() -> None:
    blocks = [
        {"scenarios": ["disk_cleanup"], "models": ["openai:m"], "base_url": f"http://localhost:{n}"}
        for n in (1, 2)
    ]
    experiment = Experiment.model_validate({"blocks": blocks})
    with pytest.raises(
        UserError, match="is planned at 2 endpoints: play each endpoint in a run of its own"
    ):
        manifest_of(experiment, experiment.plan())
