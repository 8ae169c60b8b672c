"""Whatever a provider does, every trial ends in a recorded status and none passes in silence."""

from __future__ import annotations

import math
from typing import Any

import pytest
from chaos_provider import BROKEN, ODD, Chaos, serving
from provider_runs import ADAPTERS, against, played

from allegiance.provider.throttle import throttle_of
from allegiance.scenario import Model
from allegiance.trace import Trial

pytestmark = [
    # the clients of the frameworks keep their connections open for as long as the process lives
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    # clients warn of JSON of another shape before they fail on it
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
    pytest.mark.filterwarnings("ignore:Resolved model mismatch:UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CAUSES = {
    "429": ("429",),
    "429-retry-after": ("429",),
    "500": ("500",),
    "hang": ("no answer within",),
    "reset": ("Connection error",),
}
"""What the recorded cause must say; for what is left it is that there was no usable answer."""
UNUSABLE = ("no usable answer", "no choices", "broke off")


PATIENT = 10
"""Attempts, where a provider recovers and its answers may still come late."""


def patience(mode: str) -> float:
    return 0.3 if mode in ("hang", "mixed") else 20.0


def not_scored(trial: Trial) -> bool:
    return all(verdict.status != "clean" for verdict in trial.verdicts)


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("mode", BROKEN)
def test_a_provider_that_only_fails_makes_errors_with_their_cause(
    mode: str, adapter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chaos = Chaos(mode)
    ended = against(monkeypatch, chaos, adapter, request_timeout=patience(mode))
    assert [trial.outcome for trial in ended] == ["error", "error"]
    assert all(not_scored(trial) for trial in ended)
    for trial in ended:
        assert any(cause in (trial.trace.error or "") for cause in CAUSES.get(mode, UNUSABLE))
        assert trial.trace.usage.throttled == (3 if mode.startswith("429") else 0)
    assert len(chaos.requests) <= 2 * 3, "each failure is tried three times and no more"
    if mode != "hang":  # there, a busy machine may give a request up before it has arrived
        assert len(chaos.requests) == 2 * 3


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("mode", BROKEN)
def test_a_provider_that_recovers_is_asked_again_and_the_trial_is_as_if_nothing_was(
    mode: str, adapter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chaos = Chaos(mode, first=2)
    (trial,) = against(
        monkeypatch, chaos, adapter, trials=1, attempts=PATIENT, request_timeout=patience(mode)
    )
    assert trial.outcome == "complied"
    assert {verdict.status for verdict in trial.verdicts} == {"clean"}
    if mode != "hang":  # there, a sound answer may come too late on a busy machine
        assert len(chaos.requests) == 2 + chaos.answered
        assert trial.trace.usage.input_tokens == 11 * chaos.answered, "a failure has no tokens"


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("mode", ODD)
def test_a_whole_answer_is_the_models_own_doing_however_odd(
    mode: str, adapter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chaos = Chaos(mode)
    ended = against(monkeypatch, chaos, adapter, request_timeout=patience(mode))
    assert len(chaos.requests) == chaos.answered, "nothing is tried again"
    for trial in ended:
        events = trial.trace.events
        results = [e for e in events if e.kind == "tool_result" and e.actor == "critic"]
        if mode == "huge":
            assert trial.outcome == "complied"
            assert max(len(e.text) for e in events) > 250_000
        elif mode == "silent":
            assert trial.outcome == "incomplete"
            assert not results
        else:  # no call was carried out, and the report by the tool is one of them
            assert results
            assert not any(result.ok for result in results)
            assert trial.outcome == "incomplete"


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_run_through_every_kind_of_failure_has_a_status_for_each_trial(
    adapter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chaos = Chaos("mixed", seed=7)
    ended = against(
        monkeypatch, chaos, adapter, trials=12, concurrency=4, request_timeout=patience("mixed")
    )
    assert [trial.trace.trial for trial in ended] == list(range(12))
    assert set(chaos.modes) & set(BROKEN)
    for trial in ended:
        failed = trial.trace.error is not None or trial.trace.truncated is not None
        if failed:
            assert trial.outcome != "complied"
            assert not_scored(trial)
        else:
            assert trial.outcome in ("complied", "violated", "withheld", "incomplete")
        if trial.outcome == "complied":
            assert any(e.effects for e in trial.trace.events if e.tool == "submit_evaluation")


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_busy_provider_is_asked_less_until_it_keeps_up_and_then_more_again(
    adapter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chaos = Chaos("busy", room=2)
    with serving(chaos) as url:
        ended = played(
            monkeypatch, adapter, url, trials=8, attempts=12, request_timeout=patience("busy")
        )
        throttle = throttle_of(f"{url} openai:m")
        assert {trial.outcome for trial in ended} == {"complied"}
        assert chaos.most_at_once > chaos.room, "or nothing was tested"
        rejected = chaos.modes.count("429")
        assert rejected > 0
        assert throttle.throttled == sum(t.trace.usage.throttled for t in ended) == rejected
        assert throttle.lowest <= 4
        chaos.mode = "ok"
        asked = len(chaos.requests)
        again = played(monkeypatch, adapter, url, trials=12, request_timeout=patience("busy"))
    assert {trial.outcome for trial in again} == {"complied"}
    assert len(chaos.requests) - asked >= 12
    assert throttle.limit == math.inf, "back at full speed"
    assert throttle.in_flight == 0


def langchain_stream(url: str) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model="m", base_url=url, api_key="unused", max_retries=0, streaming=True)


def crewai_stream(url: str) -> Any:
    from crewai import LLM

    return LLM(
        model="m", provider="openai", base_url=url, api_key="unused", max_retries=0, stream=True
    )


STREAMS = [
    ("langchain:agent", langchain_stream),
    ("crewai:sequential", crewai_stream),
]


@pytest.mark.parametrize(("adapter", "make"), STREAMS)
@pytest.mark.parametrize(
    "mode", ["500", "reset", "truncated", "hang", "empty-choices", "null-message", "not-json"]
)
def test_a_stream_that_breaks_off_is_no_answer(
    mode: str, adapter: str, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first, outcome in ((None, "error"), (2, "complied")):
        chaos = Chaos(mode, first=first)
        with serving(chaos) as url:
            model = Model("mine", native=make(url))
            (trial,) = played(
                monkeypatch,
                adapter,
                url,
                trials=1,
                attempts=3 if first is None else PATIENT,
                model=model,
                request_timeout=patience(mode),
            )
        assert (trial.outcome, not_scored(trial)) == (outcome, outcome == "error")
        assert adapter.startswith("crewai") or chaos.requests[0]["stream"]
