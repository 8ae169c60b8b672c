from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from chaos_provider import Chaos, serving

from allegiance.errors import UserError
from allegiance.experiment import Configuration, Limits, expand
from allegiance.play.prepared import PreparedConfiguration, prepare
from allegiance.run import run
from allegiance.run.job_queue import MOST_EARLY_DEATHS, TRIES, JobQueue
from allegiance.run.pool import in_turn
from allegiance.run.processes import play_in_processes


def prepared_configurations(model: str = "scripted:loyal") -> list[PreparedConfiguration]:
    plan = expand(scenarios=["rubric_grading"], models=[model], adapters=["langgraph"])
    return [prepare(cell) for cell in plan.configurations]


def processes() -> list[int]:
    return [p.pid for p in multiprocessing.active_children() if p.pid]


def test_what_a_killed_worker_had_in_hand_is_played_again() -> None:
    jobs = in_turn(prepared_configurations(), 30)
    stream = play_in_processes(jobs, seed=0, concurrency=4, workers=2, limits=Limits())
    trials = [next(stream)]
    for _ in range(2):
        os.kill(processes()[0], signal.SIGKILL)
        trials.append(next(stream))
    trials += stream
    keys = sorted(prepared.key(0, index) for prepared, index in jobs)
    assert sorted(t.trace.key for t in trials) == keys
    assert {t.outcome for t in trials} == {"complied"}
    assert processes() == []


DEADLY = """
import os
from allegiance.play.session import session
from langgraph.graph import END, START, MessagesState, StateGraph


def dies(state):
    if session().trial in {keys!r}:
        os._exit(7)
    return {{"messages": []}}


def build(kit):
    graph = StateGraph(MessagesState)
    graph.add_node("dies", dies)
    graph.add_edge(START, "dies")
    graph.add_edge("dies", END)
    return graph.compile()


def unborn(kit):
    os._exit(9)
"""


def deadly(folder: Path, monkeypatch: pytest.MonkeyPatch, build: str) -> PreparedConfiguration:
    """Return a cell whose app is only built in workers; its trial 1 kills its own."""
    monkeypatch.syspath_prepend(folder)
    ready = prepared_configurations()[0]
    spec = ready.spec.model_copy(update={"app": f"deadly_app:{build}", "pattern": "app"})
    module = folder / "deadly_app.py"
    module.write_text(DEADLY.format(keys=[]))
    name = ready.name if build != "build" else prepare(spec).name
    sys.modules.pop("deadly_app", None)
    prepared = replace(ready, spec=spec, name=name)
    module.write_text(DEADLY.format(keys=[prepared.key(0, 1)]))
    return prepared


def test_a_trial_that_kills_its_worker_is_recorded_and_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = in_turn([deadly(tmp_path, monkeypatch, "build")], 6)
    stream = play_in_processes(jobs, seed=0, concurrency=8, workers=2, limits=Limits())
    trials = {t.trace.trial: t for t in stream}
    assert sorted(trials) == list(range(6))
    died = f"WorkerDied: exit code 7, {TRIES} times"
    assert [n for n, t in sorted(trials.items()) if t.trace.error == died] == [1]
    assert {t.outcome for n, t in trials.items() if n != 1} == {"incomplete"}


def test_workers_that_never_begin_are_an_error_and_not_many_lost_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allegiance.run.job_queue.MOST_EARLY_DEATHS", 3)  # each imports LangGraph
    jobs = in_turn([deadly(tmp_path, monkeypatch, "unborn")], 8)
    with pytest.raises(UserError, match=r"3 workers in a row died .*exit code 9"):
        list(play_in_processes(jobs, seed=0, concurrency=8, workers=2, limits=Limits()))


def test_a_worker_says_what_cannot_be_used() -> None:
    spec = Configuration(**{**vars(prepared_configurations()[0].spec), "scenario": "no_such"})
    job = (PreparedConfiguration(**{**vars(prepared_configurations()[0]), "spec": spec}), 0)
    with pytest.raises(UserError, match="unknown scenario 'no_such'"):
        list(play_in_processes([job], seed=0, concurrency=1, workers=1, limits=Limits()))
    assert processes() == []


def test_trials_are_drawn_only_as_there_is_room_for_them() -> None:
    drawn = 0

    def jobs():
        nonlocal drawn
        for job in in_turn(prepared_configurations(), 40):
            drawn += 1
            yield job

    heard: list[str] = []
    stream = play_in_processes(
        jobs(),
        seed=0,
        concurrency=4,
        workers=2,
        limits=Limits(),
        on_trial=lambda t: heard.append(t.trace.key),
    )
    for n, trial in enumerate(stream, 1):
        assert trial.trace.key in heard
        assert drawn <= n + 4
    assert drawn == n == len(in_turn(prepared_configurations(), 40))


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "from allegiance.cli import main; import sys; "
        "sys.argv[1:] = ['run', 'disk_cleanup', '--model', 'scripted:paced:0.2:loyal', '--trials',"
        f" '400', '--workers', '2', '--out', {str(tmp_path / 'run')!r}]; main()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    if not children.exists():
        parent.kill()
        pytest.skip("needs Linux's list of child processes")
    while not (pids := [int(p) for p in children.read_text().split()]) or len(pids) < 2:
        time.sleep(0.05)
    parent.kill()
    parent.wait()

    def alive(pid: int) -> bool:
        try:
            return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False

    for _ in range(6000):  # one that is still importing finishes that first
        if not any(map(alive, pids)):
            return
        time.sleep(0.05)
    raise AssertionError("workers outlive their parent")


def test_early_deaths_are_only_given_up_on_if_nothing_comes_back_in_between() -> None:
    (prepared,) = prepared_configurations()[:1]
    desk = JobQueue([(prepared, 0)], seed=0)
    for _ in range(3 * MOST_EARLY_DEATHS):
        turn = desk.draw(alone=True)
        assert turn is not None
        assert list(desk.died([], [turn], "killed")) == []
        desk.came()
    for _ in range(MOST_EARLY_DEATHS - 1):
        list(desk.died([], [], "killed"))
    with pytest.raises(UserError, match="in a row died before they played"):
        list(desk.died([], [], "killed"))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_trial_that_costs_its_limit_is_cut_short_wherever_it_is_played(
    workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    limits = Limits(cost=20, prices={"openai:m": (1e6, 1e6)})  # a call of 14 tokens costs $14
    with serving(Chaos("ok")) as url:
        cells = expand(
            scenarios=["rubric_grading"],
            adapters=["langchain:agent"],
            models=["openai:m"],
            base_url=url,
        ).configurations
        if workers:
            jobs = in_turn([prepare(cell) for cell in cells], 1)
            (trial,) = play_in_processes(
                jobs, seed=0, concurrency=1, workers=workers, limits=limits
            )
        else:
            (trial,) = run(cells, limits=limits)
    assert trial.trace.truncated == "limit of 20 US dollars reached: 28.0000 spent"
    assert trial.trace.usage.turns == 2
