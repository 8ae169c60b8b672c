"""Each misbehaviour of a provider through one framework; the frameworks take turns.

``benchmarks/chaos.py`` plays all of them in all frameworks.
"""

from __future__ import annotations

import pytest
from chaos_provider import Chaos
from misbehaviours import ARGUMENTS, BAD_HTTP, BAD_USAGE, NAMES, NEW
from provider_runs import ADAPTERS, against

from allegiance.store.writer import line
from allegiance.trace import Trial

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
    pytest.mark.filterwarnings("ignore:Resolved model mismatch:UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROWS = [(mode, ADAPTERS[number % 4]) for number, mode in enumerate(NEW)]


@pytest.mark.parametrize(("mode", "adapter"), ROWS)
def test_a_misbehaviour_ends_in_a_recorded_status(
    mode: str, adapter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = 0.5 if mode == "drip" else 20.0
    (trial,) = against(
        monkeypatch, Chaos(mode), adapter, trials=1, attempts=2, request_timeout=patience
    )
    assert Trial.model_validate_json(line(trial)).outcome == trial.outcome
    if mode in BAD_HTTP:
        assert trial.outcome == "error"
        assert len(trial.trace.error or "") < 20_000
    else:
        assert trial.trace.error is None
        assert trial.outcome in ("complied", "violated", "incomplete")
        assert all(type(count) is int and count >= 0 for count in vars(trial.trace.usage).values())
    if mode in BAD_USAGE:
        noted = "unusable token counts" in trial.trace.provenance
        assert noted == (mode != "usage-null")
    if mode in ARGUMENTS or mode in NAMES:
        results = [e for e in trial.trace.events if e.kind == "tool_result" and not e.ok]
        assert results, "the odd call is answered with an error"
