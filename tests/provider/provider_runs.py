"""Runs against a provider on loopback, with what a session is given set by the test."""

from __future__ import annotations

from typing import Any

import pytest
from chaos_provider import Chaos, serving

import allegiance.play.trial
from allegiance.experiment import Limits, expand
from allegiance.run import run
from allegiance.scenario import Model
from allegiance.trace import Trial

ADAPTERS = ("langchain:agent", "langgraph:pipeline", "autogen:round_robin", "crewai:sequential")


def played(
    monkeypatch: pytest.MonkeyPatch,
    adapter: str,
    url: str,
    *,
    trials: int = 2,
    concurrency: int = 8,
    attempts: int = 3,
    model: Model | None = None,
    **given: Any,
) -> list[Trial]:
    """Play trials of a cell, in the order of their index; ``given`` goes to every session."""
    unchecked = allegiance.play.trial.Session
    with monkeypatch.context() as patch:
        patch.setattr(
            allegiance.play.trial,
            "Session",
            lambda *args, **kw: unchecked(*args, **{**kw, **given}),
        )
        plan = expand(
            scenarios=["rubric_grading"],
            adapters=[adapter],
            factors={},
            models=["openai:m"],
            base_url=url,
        )
        ended = run(
            plan.configurations,
            trials=trials,
            concurrency=concurrency,
            limits=Limits(timeout=60, turns=12, attempts=attempts, backoff=0.002),
            model=model,
        )
    return sorted(ended, key=lambda trial: trial.trace.trial)


def against(
    monkeypatch: pytest.MonkeyPatch, chaos: Chaos, adapter: str, **options: Any
) -> list[Trial]:
    """Play trials against a provider of their own."""
    with serving(chaos) as url:
        return played(monkeypatch, adapter, url, **options)
