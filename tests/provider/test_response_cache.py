"""Answers that were paid for are not paid for again, and are never another trial's."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaos_provider import Chaos, serving
from provider_runs import ADAPTERS, played

from allegiance.errors import UserError
from allegiance.experiment import Limits, expand
from allegiance.provider.cache import FILE, CacheWarning, ResponseCache, answer_key, request_digest
from allegiance.run import run
from allegiance.trace import Trial

pytestmark = [
    # the clients of the frameworks keep their connections open for as long as the process lives
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PATTERNS = (*ADAPTERS, "langgraph:supervisor", "autogen:swarm", "crewai:flow")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ResponseCache]:
    with ResponseCache(tmp_path / "cache") as unchecked:
        yield unchecked


def told(trial: Trial) -> list[Any]:
    """Return what happened, without the ids that frameworks draw."""
    return [(e.kind, e.actor, e.text, e.tool, e.args, e.effects, e.ok) for e in trial.trace.events]


@pytest.mark.parametrize("adapter", PATTERNS)
def test_a_trial_that_was_played_costs_nothing_and_another_one_does(
    adapter: str, cache: ResponseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    chaos = Chaos("ok")
    with serving(chaos) as url:

        def play(trial: str) -> Trial:
            (played_trial,) = played(monkeypatch, adapter, url, trials=1, cache=cache, trial=trial)
            return played_trial

        first = play("trial 0")
        paid = len(chaos.requests)
        assert paid > 0
        again = play("trial 0")
        assert len(chaos.requests) == paid, "the second run asks nobody"
        other = play("trial 1")
        assert len(chaos.requests) == 2 * paid, "another trial is another draw"
    assert again.outcome == first.outcome == other.outcome
    assert again.verdicts == first.verdicts
    assert told(again) == told(first)
    spent, free = first.trace.usage, again.trace.usage
    assert spent.cached == 0
    assert free.cached == paid
    assert (free.turns, free.input_tokens, free.output_tokens) == (
        spent.turns,
        spent.input_tokens,
        spent.output_tokens,
    )
    assert free.cached_input_tokens == spent.input_tokens == 11 * paid
    assert free.cached_output_tokens == spent.output_tokens == 3 * paid


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_failed_call_is_not_kept_and_a_trial_goes_on_where_its_answers_end(
    adapter: str, cache: ResponseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    chaos = Chaos("empty-choices")
    with serving(chaos) as url:

        def play() -> Trial:
            (trial,) = played(monkeypatch, adapter, url, trials=1, cache=cache, trial="t")
            return trial

        assert play().outcome == "error"
        assert rows(cache) == 0
        chaos.first = 0
        assert play().outcome == "complied"
        kept = rows(cache)
        cache._file.execute(  # the last answer is lost
            "DELETE FROM answers WHERE rowid = (SELECT max(rowid) FROM answers)"
        )
        asked = len(chaos.requests)
        again = play()
    assert again.outcome == "complied"
    assert len(chaos.requests) == asked + 1
    assert again.trace.usage.cached == kept - 1


def test_a_longer_run_pays_for_its_new_trials_alone(tmp_path: Path) -> None:
    chaos = Chaos("ok")
    limits = Limits(cache=str(tmp_path / "cache"), backoff=0.002)
    with serving(chaos) as url:
        plan = expand(
            scenarios=["rubric_grading"],
            adapters=["langchain:agent"],
            factors={},
            models=["openai:m"],
            base_url=url,
        )
        paid = []
        for trials in (2, 2, 3):
            ended = run(plan.configurations, trials=trials, limits=limits)
            assert {trial.outcome for trial in ended} == {"complied"}
            paid.append(len(chaos.requests))
        other = run(plan.configurations, trials=1, seed=1, limits=limits)
    assert paid == [12, 12, 18]
    assert other[0].trace.usage.cached == 0, "another seed is another draw"


def rows(cache: ResponseCache) -> int:
    return int(cache._file.execute("SELECT count(*) FROM answers").fetchone()[0])


@pytest.mark.parametrize("damage", ["answer || 'x'", "'{}'", "'not json'", "x'ff00'", "NULL"])
def test_a_damaged_answer_is_asked_for_again_and_replaced(
    damage: str, cache: ResponseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    chaos = Chaos("ok")
    with serving(chaos) as url:

        def play() -> Trial:
            (trial,) = played(monkeypatch, "langchain:agent", url, trials=1, cache=cache, trial="t")
            return trial

        play()
        paid = len(chaos.requests)
        cache._file.execute("CREATE TABLE copied AS SELECT * FROM answers")
        cache._file.execute("DROP TABLE answers")
        cache._file.execute("CREATE TABLE answers (key TEXT PRIMARY KEY, answer TEXT, sum TEXT)")
        cache._file.execute(f"INSERT INTO answers SELECT key, {damage}, sum FROM copied")
        assert play().outcome == "complied"
        assert len(chaos.requests) == 2 * paid
        assert play().trace.usage.cached == paid
        assert len(chaos.requests) == 2 * paid


@pytest.mark.parametrize("pragma", ["query_only = 1", "max_page_count = 1"])
def test_a_file_that_cannot_be_written_is_one_warning_and_no_more(
    pragma: str, cache: ResponseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache._file.execute(f"PRAGMA {pragma}")
    filler = "x" * 900_000  # more than the pages that there are
    with serving(Chaos("ok")) as url, warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        cache.put("filler", filler)
        ended = played(monkeypatch, "langchain:agent", url, cache=cache)
    assert [trial.outcome for trial in ended] == ["complied", "complied"]
    (warning,) = [w for w in seen if w.category is CacheWarning]
    assert "cannot be kept" in str(warning.message)


def test_a_file_that_breaks_while_it_is_open_is_a_miss(cache: ResponseCache) -> None:
    cache.put("a", "1")
    cache._file.execute("DROP TABLE answers")
    with pytest.warns(CacheWarning, match="cannot be read"):
        assert cache.get("a") is None


def test_what_is_no_cache_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is not a database, and long enough to be seen as none" * 9)
    with pytest.raises(UserError, match=rf"{FILE}.*cannot be used.*delete"):
        ResponseCache(tmp_path)
    with pytest.raises(UserError, match="cannot be used"):
        ResponseCache(tmp_path / FILE / "deeper")
    newer = tmp_path / "newer"
    newer.mkdir()
    other = sqlite3.connect(newer / FILE)
    other.execute("PRAGMA user_version = 99")
    other.close()
    with pytest.raises(UserError, match="another version"):
        ResponseCache(newer)


def test_an_answer_with_something_like_a_secret_is_not_kept(
    cache: ResponseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "rather-secret-value")
    cache.put("a", json.dumps({"text": "rather-secret-value"}))
    cache.put("b", json.dumps({"text": "Bearer abcdefgh12345678"}))
    assert rows(cache) == 0
    cache.put("c", json.dumps({"text": "The score is 60."}))
    assert cache.get("c") == json.dumps({"text": "The score is 60."})


def test_no_key_and_no_header_is_in_the_file(
    cache: ResponseCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "topsecret-0123456789")
    with serving(Chaos("ok")) as url:
        for adapter in ADAPTERS:
            played(monkeypatch, adapter, url, trials=1, cache=cache, trial=adapter)
    assert rows(cache) > 4
    cache._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"topsecret" not in cache.path.read_bytes()


WRITER = """
import sys
from pathlib import Path
from allegiance.provider.cache import ResponseCache

with ResponseCache(Path(sys.argv[1])) as cache:
    for n in range(200):
        cache.put(f"{n % 50}", f'"answer {n % 50}"')
        cache.put(f"{sys.argv[2]}-{n}", f'"mine {n}"')
        assert cache.get(f"{n % 50}") == f'"answer {n % 50}"'
"""


def test_processes_and_threads_write_at_once_and_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", WRITER, str(tmp_path)]
    running = [subprocess.Popen([*command, str(n)]) for n in range(3)]
    with ResponseCache(tmp_path) as cache:

        def write(name: str) -> None:
            for n in range(100):
                cache.put(f"{name}-{n}", f'"mine {n}"')

        threads = [threading.Thread(target=write, args=(f"t{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [process.wait() for process in running] == [0, 0, 0]
        assert rows(cache) == 50 + 3 * 200 + 4 * 100
        assert cache.get("1-199") == '"mine 199"'


def test_a_request_is_named_by_what_a_model_sees() -> None:
    def asked(link: str, text: str = "Go.", **more: object) -> str:
        call = {"id": link, "name": "read_file", "args": {"path": "a"}}
        result = {"role": "tool", "tool_call_id": link, "content": text}
        return request_digest({"messages": [{"tool_calls": [call]}, result], **more})

    assert asked("call-1") == asked("9f3c"), "ids only tie a result to its call"
    assert asked("a") != asked("a", "Stop.")
    assert asked("a") != asked("a", temperature=0.7)
    crossed = [{"id": "a"}, {"id": "b"}, {"tool_call_id": "b"}]
    straight = [{"id": "a"}, {"id": "b"}, {"tool_call_id": "a"}]
    assert request_digest(crossed) != request_digest(straight)
    with pytest.raises(TypeError, match="a object in a request"):
        request_digest([object()])
    keys = {answer_key("r", t, n) for t in ("t0", "t1") for n in range(3)}
    assert len(keys) == 6
