"""What is CrewAI's own: the contract that all adapters share is tested elsewhere."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from allegiance.adapters.crewai.adapter import ADAPTER
from allegiance.adapters.crewai.executor import OWN, State
from allegiance.adapters.crewai.roles import RoleLLM
from allegiance.errors import TurnLimit, UserError
from allegiance.play import Kit, Recorder, Session, Setup
from allegiance.play.session import CRITIC, PEER, playing
from allegiance.registry import SCENARIOS
from allegiance.scenario import Call, Model, Turn, do, parse_model, say
from allegiance.scenario.roles import PEER_SCRIPT, Roles
from allegiance.scenario.script import ScriptPlayer
from allegiance.trace import Condition, Event

# isort: split

from crewai import Flow
from crewai.flow import start

PATTERNS = ADAPTER.patterns
STAGE = SCENARIOS.load("rubric_grading").stage(Condition(peer_conduct="silent"))
GRADE = do("submit_evaluation", unit="unit-7", score="60")


class RateLimited(Exception):
    status_code = 429


class Refused(Exception):
    status_code = 401


def played(
    pattern: str,
    turns: Sequence[Turn] = (),
    *,
    critic: Model | None = None,
    build: Callable[[Kit], Any] | None = None,
    max_turns: int = 40,
    raises: type[Exception] | None = None,
) -> Recorder:
    """Play turns, or a real model, and return what was recorded."""
    recorder = Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
    cast = {PEER: ScriptPlayer((say(STAGE.text("handover")),))}
    if critic is None:
        cast[CRITIC] = ScriptPlayer(tuple(turns))
    roles = Roles(critic or parse_model("scripted:loyal"), PEER_SCRIPT)
    cell = Setup(STAGE, roles, pattern, build)
    session = Session(recorder, cast, max_turns=max_turns, backoff=0.001)

    async def play() -> None:
        ADAPTER.prepare(cell)
        with playing(session):
            await ADAPTER.play(cell, None, session)

    if raises is None:
        asyncio.run(play())
    else:
        with pytest.raises(raises):
            asyncio.run(play())
    return recorder


def of_critic(recorder: Recorder, kind: str) -> list[Event]:
    return [
        e
        for e in recorder.events
        if e.kind == kind and e.actor == CRITIC and e.tool != "delegate_work_to_coworker"
    ]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_text_beside_calls_is_recorded_before_them(pattern: str) -> None:
    recorder = played(pattern, [Turn("I grade it now.", GRADE.calls), say("Done.")])
    kinds = [
        (e.kind, e.text)
        for e in recorder.events
        if e.actor == CRITIC and e.kind != "tool_result" and e.tool != "delegate_work_to_coworker"
    ]
    assert kinds == [
        ("message", "I grade it now."),
        ("tool_call", ""),
        ("message", "Done."),
    ]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_peer_speaks_first(pattern: str) -> None:
    recorder = played(pattern, [GRADE, say("Done.")])
    said = [e for e in recorder.events if e.actor == PEER]
    assert [e.text for e in said] == [STAGE.text("handover")]
    assert said[0].seq < of_critic(recorder, "tool_call")[0].seq


@pytest.mark.parametrize("pattern", PATTERNS[:2])
def test_the_executor_takes_the_steps_of_crewais_own_and_makes_no_class(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crewai.flow.flow import FlowState

    turns = [Turn("I look.", do("list_files", path="desk:/srv").calls), GRADE, say("Done.")]
    asked: list[Any] = []
    call = RoleLLM.call

    def heard(self: RoleLLM, messages: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(json.dumps([self.role, messages], default=str))
        return call(self, messages, *args, **kwargs)

    monkeypatch.setattr(RoleLLM, "call", heard)
    events = played(pattern, turns).events
    ours, asked = asked, []
    states = set(FlowState.__subclasses__())
    assert played(pattern, turns).events == events
    assert State in states
    assert states == set(FlowState.__subclasses__())
    monkeypatch.setattr("allegiance.adapters.crewai.adapter.Executor", OWN)
    asked = []
    assert played(pattern, turns).events == events
    assert asked == ours
    assert len(ours) >= len(turns)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_wrong_calls_are_answered_by_the_tool(pattern: str) -> None:
    wrong = (
        Call("read_file", "{not json"),
        Call("read_file", {}),
        Call("read_file", {"path": "desk:/x", "mode": "r"}),
        Call("read_file", {"path": {"a": 1}}),
        Call("open_vault", {"key": 7}),
    )
    recorder = played(pattern, [*(Turn(calls=(call,)) for call in wrong), say("Done.")])
    calls = of_critic(recorder, "tool_call")
    assert [(e.tool, e.args) for e in calls] == [(c.tool, c.args) for c in wrong]
    results = of_critic(recorder, "tool_result")
    assert [e.ok for e in results] == [False] * 5
    assert "are not JSON" in results[0].text
    assert all("invalid arguments for read_file" in e.text for e in results[1:4])
    assert "open_vault is not a valid tool" in results[4].text


@pytest.mark.parametrize("pattern", PATTERNS)
def test_calls_of_one_turn_are_carried_out_in_order(pattern: str) -> None:
    paths = [f"desk:/{n}" for n in range(12)]
    turn = Turn("All at once.", tuple(Call("read_file", {"path": path}) for path in paths))
    for _ in range(3):
        calls = of_critic(played(pattern, [turn, say("Done.")]), "tool_call")
        assert [e.args for e in calls] == [{"path": path} for path in paths]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_turn_limit_comes_through(pattern: str) -> None:
    turns = [do("read_file", path=f"desk:/{n}") for n in range(50)]
    recorder = played(pattern, turns, max_turns=9, raises=TurnLimit)
    assert recorder.usage.turns == 9


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_model_that_repeats_itself_hits_a_limit_of_crewai_or_ours(pattern: str) -> None:
    turns = [do("read_file", path="desk:/a")] * 20
    recorder = played(pattern, turns, max_turns=12, raises=TurnLimit)
    assert len(of_critic(recorder, "tool_call")) >= 5


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_provider_error_comes_through_at_once_and_repeats_nothing(pattern: str) -> None:
    turns = [GRADE, Turn(fails=Refused("no such key")), GRADE, say("Done.")]
    recorder = played(pattern, turns, raises=Refused)
    assert len(of_critic(recorder, "tool_call")) == 1


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_rate_limit_is_retried_as_often_as_the_session_says(pattern: str) -> None:
    busy = Turn(fails=RateLimited("rate limit"))
    recorder = played(pattern, [busy, busy, busy, GRADE, say("Done.")])
    assert len(of_critic(recorder, "tool_call")) == 1
    recorder = played(pattern, [busy, busy, busy, busy, GRADE, say("Done.")], raises=RateLimited)
    assert of_critic(recorder, "tool_call") == []


@pytest.mark.parametrize("pattern", PATTERNS)
def test_an_empty_answer_ends_the_turn(pattern: str) -> None:
    recorder = played(pattern, [GRADE, Turn()])
    assert len(of_critic(recorder, "tool_call")) == 1


def test_a_tool_that_crashes_ends_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(Recorder, "call", crash)
    played("sequential", [GRADE, say("Done.")], raises=ZeroDivisionError)


def test_trials_in_flight_keep_their_worlds_apart() -> None:
    async def play(n: int) -> tuple[int, Recorder]:
        recorder = Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
        turns = (do("submit_evaluation", unit="unit-7", score=str(n)), say(f"Done with {n}."))
        cast = {PEER: ScriptPlayer((say("Here."),)), CRITIC: ScriptPlayer(turns)}
        roles = Roles(parse_model("scripted:loyal"), PEER_SCRIPT)
        session = Session(recorder, cast)
        with playing(session):
            cell = Setup(STAGE, roles, PATTERNS[n % len(PATTERNS)])
            await ADAPTER.play(cell, None, session)
        return n, recorder

    async def play_all() -> list[tuple[int, Recorder]]:
        return await asyncio.gather(*(play(n) for n in range(10)))

    for n, recorder in asyncio.run(play_all()):
        done = [e for result in of_critic(recorder, "tool_result") for e in result.effects]
        assert [e.value for e in done if e.verb == "score"] == [n]
        assert of_critic(recorder, "message")[-1].text == f"Done with {n}."


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_cancelled_trial_ends_soon_and_says_nothing_more(pattern: str) -> None:
    recorder = Recorder(STAGE.world, {t.name: t for t in STAGE.tools})
    cast = {
        PEER: ScriptPlayer((say("Here."),)),
        CRITIC: ScriptPlayer((Turn("I think.", GRADE.calls, seconds=0.5), *[GRADE] * 9)),
    }
    session = Session(recorder, cast)
    cell = Setup(STAGE, Roles(parse_model("scripted:loyal"), PEER_SCRIPT), pattern)

    async def play() -> None:
        with playing(session):
            task = asyncio.create_task(ADAPTER.play(cell, None, session))
            while not cast[CRITIC]._next:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        recorder.end()

    asyncio.run(play())
    for thread in threading.enumerate():
        if thread.name.startswith("allegiance-crewai"):
            thread.join(120)
            assert not thread.is_alive()
    assert recorder.events[-1].kind == "end"
    assert of_critic(recorder, "tool_call") == []
    assert cast[CRITIC]._next <= 2


# --- flows that several threads make at once ---------------------------------------------------


class SlowAttribute:
    """Takes its time to be read, so that threads which walk over its class do so together."""

    def __get__(self, instance: object, owner: type) -> None:
        time.sleep(0.01)


def module_as_imported(name: str) -> Any:
    """Run a module once more, under another name, as its first import does."""
    path = importlib.import_module(name).__file__
    assert path is not None
    spec = importlib.util.spec_from_file_location(f"{name}_once_more", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def at_once(work: Callable[[], object], threads: int = 8) -> list[str]:
    """Do the same in several threads and return the errors."""
    errors: list[str] = []
    start = threading.Barrier(threads)

    def begin() -> None:
        start.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, a thread must not lose it
            errors.append(repr(error))

    running = [threading.Thread(target=begin) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return errors


def test_trials_that_begin_at_once_do_not_describe_the_same_flow_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CrewAI walks over the class of a flow while another thread may be adding to it."""
    monkeypatch.setattr(OWN, "slow", SlowAttribute(), raising=False)
    monkeypatch.setattr(OWN, "_flow_definition", None)
    monkeypatch.delattr(OWN, "_flow_definition")
    executor = module_as_imported("allegiance.adapters.crewai.executor").Executor
    review = module_as_imported("allegiance.adapters.crewai.adapter")._Review
    review.slow = SlowAttribute()
    for flow in (executor, OWN, review):
        assert at_once(flow.flow_definition) == []


def test_trials_that_begin_at_once_may_share_the_class_of_a_users_flow() -> None:
    class Shared(Flow[dict]):  # type: ignore[type-arg]
        _skip_auto_memory: bool = True
        slow = SlowAttribute()

        @start()
        def read(self) -> None:
            assert self.state["task"] == STAGE.task

    def play(_: int) -> Any:
        session = Session(Recorder(STAGE.world, {}), {})
        roles = Roles(parse_model("scripted:loyal"), PEER_SCRIPT)
        cell = Setup(STAGE, roles, "target", lambda kit: Shared(suppress_flow_events=True))
        with playing(session):
            return asyncio.create_task(ADAPTER.play(cell, None, session))

    async def play_all() -> list[Any]:
        return await asyncio.gather(*map(play, range(8)), return_exceptions=True)

    assert asyncio.run(play_all()) == [None] * 8


# --- a user's own app -----------------------------------------------------------------------


def crew_of_one(kit: Kit) -> Any:
    from crewai import Agent, Crew, Task

    grader = Agent(
        role="grader", goal="Grade.", backstory=kit.instructions, llm=kit.model, tools=kit.tools
    )
    task = Task(description="{task}", expected_output="A report.", agent=grader)
    return Crew(agents=[grader], tasks=[task], cache=True)


def flow_of_one(kit: Kit) -> Any:
    from crewai import Flow
    from crewai.flow import start

    class Grading(Flow[dict]):  # type: ignore[type-arg]
        @start()
        def grade(self) -> None:
            assert self.state["task"] == STAGE.task
            crew_of_one(kit).kickoff(inputs={"task": self.state["task"]})

    return Grading(suppress_flow_events=True)


def lone_agent(kit: Kit) -> Any:
    return crew_of_one(kit).agents[0]


def endless_manager(kit: Kit) -> Any:
    from crewai import Agent, Crew, Process, Task

    def agent(role: str) -> Any:
        return Agent(role=role, goal="Help.", backstory="You help.", llm=kit.model)

    return Crew(
        agents=[agent("helper")],
        tasks=[Task(description="{task}", expected_output="A report.")],
        process=Process.hierarchical,
        manager_agent=agent("manager"),
    )


@pytest.mark.parametrize("build", [crew_of_one, flow_of_one, lone_agent])
def test_a_target_is_played(build: Callable[[Kit], Any]) -> None:
    look = do("read_file", path="desk:/srv/reviews/rubric.md")
    recorder = played("target", [look, look, GRADE, say("Done.")], build=build)
    assert [e.tool for e in of_critic(recorder, "tool_call")] == [
        "read_file",
        "read_file",
        "submit_evaluation",
    ]
    assert of_critic(recorder, "message")[-1].text == "Done."


@pytest.mark.parametrize("build", [crew_of_one, flow_of_one, lone_agent])
def test_a_target_repeats_nothing_after_an_error(build: Callable[[Kit], Any]) -> None:
    turns = [GRADE, Turn(fails=Refused("no such key")), GRADE, say("Done.")]
    recorder = played("target", turns, build=build, raises=Refused)
    assert len(of_critic(recorder, "tool_call")) == 1


def test_a_manager_that_delegates_for_ever_hits_the_turn_limit() -> None:
    turns = [
        turn
        for n in range(50)
        for turn in (
            do("delegate_work_to_coworker", task=f"Part {n}", context="", coworker="helper"),
            say(f"I did part {n}."),
        )
    ]
    recorder = played("target", turns, build=endless_manager, max_turns=12, raises=TurnLimit)
    assert recorder.usage.turns == 12


def test_what_is_not_a_crew_is_refused_by_name() -> None:
    recorder = Recorder(STAGE.world, {})
    roles = Roles(parse_model("scripted:loyal"), PEER_SCRIPT)
    cell = Setup(STAGE, roles, "target", lambda kit: {"tools": kit.tools})
    session = Session(recorder, {})
    with playing(session), pytest.raises(UserError, match="returned 'dict'"):
        asyncio.run(ADAPTER.play(cell, None, session))


# --- real models ----------------------------------------------------------------------------


def answer(text: str | None = None, *calls: tuple[str, str], status: int = 200) -> tuple[int, Any]:
    tool_calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": args}}
        for n, (name, args) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": text, "tool_calls": tool_calls or None}
    reason = "tool_calls" if calls else "stop"
    return status, {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14},
        "error": {"message": "no"} if status != 200 else None,
    }


@contextmanager
def provider(answers: Sequence[tuple[int, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Serve answers in order over the OpenAI protocol; yield the address and the requests."""
    requests: list[Any] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            status, body = left.pop(0)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("pattern", ["sequential", "flow"])
def test_a_real_model_is_heard_counted_and_repaired(pattern: str) -> None:
    grade = ("submit_evaluation", '{"unit": "unit-7", "score": "60"}')
    answers = [
        answer(status=429),
        answer("I grade it now.", grade, ("read_file", "{not json")),
        answer("Done."),
    ]
    with provider(answers) as (url, requests):
        recorder = played(pattern, critic=parse_model("test-model", url))
    assert [e.text for e in of_critic(recorder, "message")] == ["I grade it now.", "Done."]
    calls = of_critic(recorder, "tool_call")
    assert [(e.tool, e.args) for e in calls] == [
        ("submit_evaluation", {"unit": "unit-7", "score": "60"}),
        ("read_file", "{not json"),
    ]
    assert recorder.usage.input_tokens == 22
    assert recorder.usage.output_tokens == 6
    assert [request["model"] for request in requests] == ["test-model"] * 3
    names = [tool["function"]["name"] for tool in requests[0]["tools"]]
    assert names == [tool.name for tool in STAGE.tools]
    shown = requests[0]["tools"][1]["function"]["parameters"]["properties"]
    assert list(shown) == list(STAGE.tools[1].schema["properties"])


def test_the_note_on_history_is_true() -> None:
    """When this fails, CrewAI shows models their own words: drop the note from the adapter."""
    answers = [answer("Secret thought.", ("read_file", '{"path": "desk:/x"}')), answer("Done.")]
    with provider(answers) as (url, requests):
        played("sequential", critic=parse_model("test-model", url))
    assert "history" in ADAPTER.notes
    assert "Secret thought." not in json.dumps(requests[1]["messages"])


def test_a_key_that_is_refused_is_asked_for_once() -> None:
    from openai import AuthenticationError

    with provider([answer(status=401)] * 9) as (url, requests):
        played("sequential", critic=parse_model("test-model", url), raises=AuthenticationError)
    assert len(requests) == 1


def test_a_provider_that_stays_busy_is_asked_four_times() -> None:
    from openai import RateLimitError

    with provider([answer(status=429)] * 20) as (url, requests):
        played("sequential", critic=parse_model("test-model", url), raises=RateLimitError)
    assert len(requests) == 4


def test_models_that_cannot_be_used_are_refused_before_the_first_trial() -> None:
    for critic, what in (
        (parse_model("nowhere:model"), "nowhere:model"),
        (Model("mine", native=object()), "not a CrewAI LLM"),
    ):
        with pytest.raises(UserError, match=what):
            ADAPTER.prepare(Setup(STAGE, Roles(critic, PEER_SCRIPT), "sequential"))
