"""What a plan is expected to take, and the command that says so."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool
from test_cli import Cli, Result, cli, spaceless  # noqa: F401 - a fixture

from allegiance.experiment import Limits, Price, expand
from allegiance.play.trial import play, prepare
from allegiance.registry import ADAPTERS, SCENARIOS, adapter_info
from allegiance.run import run
from allegiance.run.estimate import CHARACTERS_PER_TOKEN, expect, walk
from allegiance.run.prices import Expected, Use, cost, parse_prices, price
from allegiance.scenario import Model, Turn
from allegiance.trace import PEER, Condition

NOTHING = Use()


class Counting(BaseChatModel):
    """A chat model that says what a loyal script says, and measures what it is sent."""

    turns: Sequence[Turn]
    calls: Any  # a list that is shared, which a field of that type would copy
    offered: tuple[Any, ...] = ()

    @property
    def _llm_type(self) -> str:
        return "counting"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> BaseChatModel:
        return Counting(turns=self.turns, calls=self.calls, offered=tuple(tools))

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        turn = self.turns[len(self.calls)]
        calls = [
            {"name": c.tool, "args": dict(c.args), "id": f"{len(self.calls)}-{n}"}  # type: ignore[arg-type]
            for n, c in enumerate(turn.calls)
        ]
        message = AIMessage(turn.text, tool_calls=calls)
        self.calls.append((sum(map(size, messages)) + sum(map(offer, self.offered)), size(message)))
        return ChatResult(generations=[ChatGeneration(message=message)])


def size(message: BaseMessage) -> int:
    """Return the characters of a message as a provider counts them: text, and calls."""
    calls = getattr(message, "tool_calls", [])
    return len(message.text) + sum(len(c["name"]) + len(json.dumps(c["args"])) for c in calls)


def offer(tool: BaseTool) -> int:
    assert isinstance(tool.args_schema, dict)
    return len(tool.name) + len(tool.description) + len(json.dumps(tool.args_schema)) + 2


@pytest.mark.parametrize("scenario", SCENARIOS.names())
def test_what_is_expected_is_what_a_model_is_sent(scenario: str) -> None:
    [cell] = expand(
        scenarios=[scenario], models=["openai:m"], factors={"relationship": ["good"]}
    ).configurations
    stage = SCENARIOS.load(scenario).stage(cell.condition)
    seen: list[tuple[int, int]] = []
    native = Counting(turns=stage.script("loyal").turns, calls=seen)
    prepared = prepare(cell, model=Model("openai:m", native=native))
    trial = asyncio.run(play(prepared, 0, 0, Limits(attempts=1), None))
    assert trial.outcome == "complied"
    expected = walk(stage)
    assert len(expected) == len(seen)
    for (sent, said), (characters, spoken) in zip(expected, seen, strict=True):
        assert sent == pytest.approx(characters / CHARACTERS_PER_TOKEN, rel=0.02)
        assert said == pytest.approx(spoken / CHARACTERS_PER_TOKEN, abs=2)


def plan_of(*adapters: str, **given: Any) -> list[Expected]:
    given = {"scenarios": ["rubric_grading"], "models": ["openai:m"], **given}
    return expect(expand(adapters=adapters, **given).configurations, 10, 40)


def test_a_pattern_adds_its_calls_and_a_peer_its_own() -> None:
    alone, pipeline, supervisor = (
        plan_of(place, peer_model="openai:p")
        for place in ("langchain:agent", "langgraph:pipeline", "langgraph:supervisor")
    )
    [critic] = alone
    assert (critic.trials, critic.use.calls, critic.most.calls) == (10, 50, 400)
    assert [(e.model, e.use.calls) for e in pipeline] == [("openai:m", 50), ("openai:p", 10)]
    assert [(e.model, e.use.calls) for e in supervisor] == [("openai:m", 60), ("openai:p", 10)]
    assert supervisor[0].use.input > pipeline[0].use.input


@pytest.mark.parametrize("adapter", ADAPTERS.builtin)
def test_the_calls_that_an_adapter_declares_are_those_of_a_trial(adapter: str) -> None:
    plan = expand(scenarios=["rubric_grading"], adapters=[adapter], models=["scripted:loyal"])
    alone = len(SCENARIOS.load("rubric_grading").stage(Condition()).script("loyal").turns)
    for trial in run(plan.configurations):
        trace = trial.trace
        peer = int(any(event.actor == PEER for event in trace.events))
        info = adapter_info(adapter)
        assert peer == (trace.pattern in info.live), trace.pattern
        delegated = trace.usage.turns - alone - peer
        assert delegated == (trace.pattern in info.delegates), trace.pattern


def test_an_app_of_ones_own_is_not_played() -> None:
    [critic] = plan_of("langgraph", app="no.such.module:build")
    assert critic.use.calls == 50


def test_input_grows_with_history_and_the_limit_bounds_it() -> None:
    sent = [
        i
        for i, _ in walk(
            SCENARIOS.load("rubric_grading").stage(
                expand(models=["openai:m"]).configurations[0].condition
            )
        )
    ]
    assert sent == sorted(set(sent))
    [few], [many] = (
        expect(expand(scenarios=["rubric_grading"], models=["openai:m"]).configurations, 1, turns)
        for turns in (10, 20)
    )
    assert many.use == few.use
    assert many.most.input > 2.5 * few.most.input


# --- prices


@pytest.fixture
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def use_of(model: str, calls: int, read: int, wrote: int, base_url: str | None = None) -> Expected:
    return Expected(model, base_url, 1, Use(calls, read, wrote), Use(calls, 2 * read, wrote))


@pytest.mark.usefixtures("_offline")
def test_listed_prices_are_the_lists_own() -> None:
    from genai_prices import Usage, calc_price

    found = cost(use_of("openai:gpt-4o", 10, 10_000, 500), {})
    listed = calc_price(Usage(input_tokens=1000, output_tokens=50), "gpt-4o", provider_id="openai")
    assert found.dollars == pytest.approx(10 * float(listed.total_price))
    assert "openai/gpt-4o, genai-prices " in found.source
    assert found.most is not None
    assert found.most > found.dollars > 0


@pytest.mark.usefixtures("_offline")
def test_many_small_calls_do_not_pay_the_price_of_a_large_one() -> None:
    small, _ = price("google:gemini-2.5-pro", Use(1000, 30_000_000, 0), {})
    large, _ = price("google:gemini-2.5-pro", Use(100, 30_000_000, 0), {})
    assert small is not None
    assert large is not None
    assert large > small


@pytest.mark.usefixtures("_offline")
def test_the_users_own_price_goes_first_and_no_price_is_not_nothing() -> None:
    own = {"openai:gpt-4o": Price(input=1, output=100)}
    assert cost(use_of("openai:gpt-4o", 1, 2_000_000, 10_000), own).dollars == pytest.approx(3.0)
    for model, base_url in (
        ("openai:nobody-has-this", None),
        ("nobody:gpt-4o", None),
        ("openai:gpt-4o", "http://127.0.0.1:8000/v1"),
    ):
        found = cost(use_of(model, 1, 1000, 10, base_url), {})
        assert (found.dollars, found.most) == (None, None)
        assert "give --price" in found.source
    assert cost(use_of("scripted:loyal", 1, 1000, 10), {}).dollars == 0


def test_without_a_price_list_only_ones_own_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    found = cost(use_of("openai:gpt-4o", 1, 1000, 10), {})
    assert found.dollars is None
    assert "pip install 'allegiance[plans]'" in found.source


def test_prices_on_the_command_line() -> None:
    assert parse_prices(["openai:a=b=1,2.5"]) == {"openai:a=b": Price(input=1, output=2.5)}
    for text in ("openai:x", "openai:x=1", "=1,2", "openai:x=1,two", "openai:x=-1,2", "x=1,inf"):
        with pytest.raises(Exception, match="is not of the form MODEL=IN,OUT"):
            parse_prices([text])


# --- the command


def rows(result: Result, start: str) -> list[list[str]]:
    """Return the cells of the table rows that begin with a text."""
    assert result.code == 0, result.err
    table = [[c.strip() for c in line.split("│")[1:-1]] for line in result.out.splitlines()]
    return [row for row in table if row and row[0].startswith(start)]


def test_plan_prints_cells_trials_use_and_cost_and_writes_nothing(
    cli: Cli,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in list(os.environ):
        if name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    (tmp_path / "plan.toml").write_text(
        """
title = "mine"
trials = 10
models = ["openai:m", "openai:unlisted-model"]
prices = { "openai:m" = { input = 100, output = 0 } }
[[blocks]]
name = "one"
scenarios = ["rubric_grading"]
factors = { relationship = ["none", "good"], delivery = ["document", "memory"] }
[[blocks]]
name = "two"
scenarios = ["rubric_grading"]
""",
        encoding="utf-8",
    )
    result = cli("plan", "plan.toml", "--configurations")
    assert rows(result, "one") == [["one", "rubric_grading", "3", "1", "2", "6", "60"]]
    assert rows(result, "two") == [["two", "rubric_grading", "1", "1", "2", "2", "20"]]
    assert rows(result, "all")[0][-2:] == ["6", "60"]
    [mine], [other] = rows(result, "openai:m"), rows(result, "openai:unlisted")
    assert mine[1:3] == other[1:3] == ["30", "150"]
    dollars = int(mine[3].replace(",", "")) * 100 / 1e6
    assert mine[5] == f"${dollars:,.2f}"
    assert other[5] == other[7] == "unknown"
    assert rows(result, "of providers")[0][5] == f"${dollars:,.2f} + 1 unknown"
    assert "left out: delivery='memory' makes no sense" in result.err
    assert "No model was called." in result.out
    assert (
        "rubric_grading relationship=good,delivery=memory langchain:agent openai:m\n" in result.out
    )
    assert [p.name for p in tmp_path.iterdir()] == ["plan.toml"]
    dear = cli("plan", "plan.toml", "--price", "openai:m=200,0", "--trials", "20")
    assert rows(dear, "openai:m")[0][5] == f"${4 * dollars:,.2f}"


def test_plan_of_the_study(cli: Cli) -> None:  # noqa: F811
    result = cli("plan", "study")
    assert rows(result, "all")[0][-2:] == ["123", "12,300"]
    assert rows(result, "of providers")[0][2:6] == ["0", "0", "0", "nothing"]
    assert "Name a model with --model" in result.out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "name a file, or a preset: smoke, study, controls, ci, calibrate-pass-mark"),
        (("stdy",), "no file and no preset 'stdy'; did you mean 'study'?"),
        (("smoke", "--model", "gpt"), "smoke: unknown model 'gpt'"),
        (("smoke", "--adapter", "rings"), "unknown adapter 'rings'"),
        (("smoke", "--price", "x"), "--price 'x' is not of the form MODEL=IN,OUT"),
        (("plan.toml",), "'plan.toml' cannot be read: No such file or directory"),
        (("plan.yaml",), "'plan.yaml' does not end in .toml; write the plan as a TOML file"),
    ],
)
def test_bad_input_is_named(cli: Cli, args: tuple[str, ...], says: str) -> None:  # noqa: F811
    result = cli("plan", *args)
    assert result.code == 2
    assert says in spaceless(result.err)


def test_the_schema_and_the_list_of_presets(cli: Cli) -> None:  # noqa: F811
    from allegiance.experiment.experiment import schema

    assert json.loads(cli("plan", "--schema").out) == schema()
    listed = cli("list", "presets").out
    assert [line.split()[0] for line in listed.splitlines()[1:]] == [
        "smoke",
        "study",
        "controls",
        "ci",
        "calibrate-pass-mark",
    ]


def test_a_plan_is_what_run_plays(cli: Cli, tmp_path: Path) -> None:  # noqa: F811
    from allegiance.experiment.files import load
    from allegiance.store import read_manifest

    result = cli("run", "--plan", "smoke", "--out", "run")
    assert result.code == 0, result.err
    assert read_manifest(tmp_path / "run").configurations == load("smoke").plan().configurations


def test_planning_loads_no_provider_and_asks_for_no_key(tmp_path: Path) -> None:
    code = (
        "import sys; from allegiance.cli import main\n"
        "sys.argv = ['allegiance', 'plan', 'study', '--model', 'openai:gpt-5.2', "
        "'--model', 'anthropic:claude-opus-4-5', '--adapter', 'langgraph:pipeline']\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "print(sorted({'openai', 'anthropic', 'langchain_openai', 'ray'} & set(sys.modules)))"
    )
    keyless = {k: v for k, v in os.environ.items() if not k.endswith("_KEY")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=keyless
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
