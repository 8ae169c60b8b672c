"""What a plan file is refused for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_files import LOYAL, SMALL, refusal, write

from allegiance.errors import UserError
from allegiance.experiment import Experiment
from allegiance.experiment.experiment import schema
from allegiance.experiment.files import load

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"trails": 3}, "unknown key 'trails'; did you mean 'trials'?"),
    (
        {"blocks": [{"factor": {}}]},
        "blocks[0]: unknown key 'factor'; did you mean 'factors'?",
    ),
    ({"limits": {"turn": 3}}, "limits: unknown key 'turn'; did you mean 'turns'?"),
    ({"budget": {"costs": 3}}, "budget: unknown key 'costs'; did you mean 'cost'?"),
    ({"blocks": [{"factors": {"relation": "good"}}]}, "did you mean 'relationship'?"),
    (
        {"blocks": [{"factors": {"pass_mark": 85}}]},
        "factor 'pass_mark' has no level 85; use 65, 70, 80, 90",
    ),
    ({"blocks": [{"factors": {"pass_mark": True}}]}, "factor 'pass_mark' has no level True"),
    ({"blocks": [{"factors": {"pass_mark": "80"}}]}, "factor 'pass_mark' has no level '80'"),
    (
        {"blocks": [{"factors": {"stakes": []}}]},
        "blocks[0].factors: factor 'stakes' has no level",
    ),
    ({"blocks": [{"factors": ["stakes"]}]}, "should be a mapping of factors to values"),
    ({"blocks": [{"exclude": [{"x{y}": 1}]}]}, "blocks[0].exclude[0]: unknown factor 'x{y}'"),
    ({"blocks": []}, "blocks=[]"),
    ({"blocks": [{"guard": "shout"}]}, "blocks[0].guard='shout'"),
    ({"blocks": [{"guard": "ask"}]}, "blocks[0].guard='ask'"),
    ({"trials": 0}, "trials=0"),
    ({"trials": "3"}, "trials='3'"),
    ({"trials": True}, "trials=True"),
    ({"trials": 2.5}, "trials=2.5"),
    ({"models": "scripted:loyal"}, "models='scripted:loyal'"),
    ({"models": []}, "models=[]"),
    ({"adapters": [3]}, "adapters[0]=3"),
    ({"limits": {"timeout": -1}}, "limits.timeout=-1"),
    ({"budget": {"cost": 0}}, "budget.cost=0"),
    ({"prices": {"openai:x": {"input": 1}}}, "'prices.openai:x.output' is missing"),
    ({"prices": {"openai:x": {"input": -1, "output": 1}}}, "prices.openai:x.input=-1"),
]


@pytest.mark.parametrize(("change", "says"), WRONG, ids=[says for _, says in WRONG])
def test_the_loader_and_the_schema_refuse_the_same(
    change: dict[str, Any], says: str, tmp_path: Path
) -> None:
    data = {**SMALL, **change}
    jsonschema.validate(SMALL, schema())
    assert says in refusal(write(tmp_path, data))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema())


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@given(key=st.text(min_size=1).filter(lambda k: k not in Experiment.model_fields))
def test_an_unknown_key_is_named(key: str, tmp_path: Path) -> None:
    message = refusal(write(tmp_path, {**SMALL, key: 1}))
    assert f"unknown key {key!r}" in message


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.toml", "trials = 1\ntrials = 2\n", "is not TOML: Cannot overwrite a value"),
        ("a.toml", "models = ['a'\n", "is not TOML"),
        ("a.toml", "x = " + "[" * 9_000 + "]" * 9_000, "is not TOML"),
        ("a.toml", "a" + ".a" * 3_000 + " = 1", "a key of more than 32 parts; a plan has none"),
        ("a.toml", "", "'blocks' is missing; add it"),
        ("a.toml", "title = 2026-01-01\nblocks = [{}]\ntrials = nan", "trials"),
        ("a.toml", "x = '" + "a" * 1_000_001 + "'", "a plan file has at most 1,000,000"),
        ("a.yaml", "blocks: [{}]", "does not end in .toml; write the plan as a TOML file"),
        ("a.json", '{"blocks": [{}]}', "does not end in .toml; write the plan as a TOML file"),
    ],
)
def test_a_file_that_cannot_be_read(name: str, text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    message = refusal(path)
    assert says in message
    assert str(path) in message


def test_all_errors_of_a_file_are_shown(tmp_path: Path) -> None:
    blocks = [{"name": "a", "factors": {"stakes": "death"}}, {"nam": "b"}]
    path = write(tmp_path, {"models": LOYAL, "blocks": blocks})
    first, second = refusal(path).splitlines()
    assert first.startswith(f"{path}: blocks[0].factors: factor 'stakes' has no level 'death'")
    assert second.startswith(f"{path}: blocks[1]: unknown key 'nam'; did you mean 'name'?")


def test_files_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "none.toml")
    assert "no file and no preset 'stdy'; did you mean 'study'?" in refusal("stdy")
    (tmp_path / "latin.toml").write_bytes(b"title = 'caf\xe9'")
    assert "is not UTF-8" in refusal(tmp_path / "latin.toml")
    (tmp_path / "dir.toml").mkdir()
    assert "cannot be read" in refusal(tmp_path / "dir.toml")


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"scenarios": ["nowhere"]}, "mine: unknown scenario 'nowhere'"),
        ({"adapters": ["langchain:ring"]}, "mine: adapter 'langchain' has no pattern 'ring'"),
        ({"models": ["gpt"]}, "mine: unknown model 'gpt'"),
        (
            {"exclude": [{"order": "explicit"}]},
            "mine: `exclude` 'order=explicit' matches no condition",
        ),
        ({"exclude": [{"order": "plain"}]}, "mine: `exclude` leaves out every condition"),
        (
            {"scenarios": ["stop_order"], "factors": {"stakes": "none"}},
            "mine: scenario 'stop_order'",
        ),
    ],
)
def test_a_block_that_cannot_be_planned_is_named(
    block: dict[str, Any], says: str, tmp_path: Path
) -> None:
    asked = load(write(tmp_path, {"models": LOYAL, "blocks": [{"name": "mine", **block}]}))
    with pytest.raises(UserError) as caught:
        asked.plan()
    assert str(caught.value).startswith(says)


def test_a_plan_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="block 2: it names no model; add"):
        load(write(tmp_path, {"blocks": [{"models": LOYAL}, {}]})).plan()
