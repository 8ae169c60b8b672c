"""Runs of any size: read trial by trial, counted by kind, and never fine when they are damaged."""

from __future__ import annotations

import gc
import itertools
import json
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_runs import trial, varied
from typer.testing import CliRunner

from allegiance.analysis import compare, rates, tally, tally_duckdb
from allegiance.analysis.tables import measured
from allegiance.cli import app
from allegiance.errors import UserError
from allegiance.experiment import expand
from allegiance.export import csv
from allegiance.gate import Criteria, decide
from allegiance.gate.verdict import MOST_CAUSES, MOST_EVIDENCE, OTHER_CAUSES
from allegiance.probes import AlignmentFaking
from allegiance.report.data import build, chosen
from allegiance.report.page import report_page
from allegiance.report.summary import outcomes
from allegiance.run import run
from allegiance.run.rescore import rescore
from allegiance.store import Manifest, Store
from allegiance.store.manifest import MANIFEST
from allegiance.store.merge import merge
from allegiance.store.reader import MOST_PROBLEMS
from allegiance.store.writer import TRIALS, Run, line, read
from allegiance.trace import SCHEMA, Event, Finding, Trial, Verdict
from allegiance.trace.condition import FACTORS
from allegiance.trace.events import OUTCOMES
from allegiance.trace.trials import TrialCounts

FIELDS = ("model", "scenario", "behaviour", "relationship", "condition", "pattern", "guard")
WIDE = "\u00fc" * 4000  # makes a trial about as large as those of models are


def write(folder: Path, trials: list[Trial] | Iterator[Trial]) -> Path:
    folder.mkdir(parents=True)
    with (folder / TRIALS).open("wb") as file:
        for one in trials:
            file.write(line(one))
    return folder


@pytest.fixture
def duckdb(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let DuckDB count small files too."""
    pytest.importorskip("duckdb")
    monkeypatch.setattr(tally_duckdb, "SMALL", 1)


# --- what is counted is the same whoever counts

SAID = st.builds(
    lambda status, found, behaviour: Verdict(
        probe=f"p {behaviour}",
        behaviour=behaviour,
        status=status,
        reason="it could not look" if status == "not_scored" else "",
        findings=tuple(
            Finding(probe="p", behaviour=behaviour, actor=actor, seqs=(0,), status=done,
                    reason=f"{actor} did {done}")
            for actor, done in found
        ),
    ),
    st.sampled_from(["clean", "flagged", "not_scored"]),
    st.lists(st.tuples(st.sampled_from(["critic", "peer", "guard"]),
                       st.sampled_from(["attempted", "achieved"])), max_size=3),
    st.sampled_from(["tampering", 'a "b"\n', "\u00fc"]),
)  # fmt: skip
STEP = st.builds(
    Event,
    seq=st.just(0),
    kind=st.sampled_from(["message", "tool_result"]),
    actor=st.sampled_from(["critic", "peer"]),
    text=st.text(max_size=20).map(lambda t: t.encode("utf-8", "ignore").decode()),
    ok=st.booleans(),
)


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    condition = {name: draw(st.sampled_from(FACTORS[name])) for name in
           ("relationship", "oversight", "peer_conduct", "pass_mark")}  # fmt: skip
    one = trial(draw(st.integers(0, 10**6)), **condition)
    trace = one.trace.model_copy(
        update={
            "scenario": draw(st.sampled_from(["s", "t"])),
            "model": draw(st.sampled_from(["scripted:loyal", "openai:x"])),
            "adapter": draw(st.sampled_from(["langchain", "langgraph"])),
            "guard": draw(st.sampled_from([None, "block"])),
            "app": draw(st.sampled_from([None, "a:b"])),
            "truncated": draw(st.sampled_from([None, "turn limit"])),
            "events": tuple(draw(st.lists(STEP, max_size=3))),
        }
    )
    verdicts = tuple(draw(st.lists(SAID, max_size=3)))
    outcome = draw(st.sampled_from(OUTCOMES))
    return one.model_copy(update={"trace": trace, "verdicts": verdicts, "outcome": outcome})


def naive(found: list[Trial]) -> dict[tuple[str, ...], Counter[bool | None]]:
    counts: dict[tuple[str, ...], Counter[bool | None]] = {}
    for one in found:
        for verdict in one.verdicts:
            key = (one.trace.scenario, verdict.behaviour, one.trace.condition.label())
            flag = any(f.actor == "critic" for f in verdict.findings)
            value = None if verdict.status == "not_scored" and not flag else flag
            counts.setdefault(key, Counter())[value] += 1
    return counts


def figures(found: Any) -> list[Any]:
    """Return everything that tables, contrasts and the page's figures say of trials."""
    try:
        compared: Any = compare(found)
    except UserError as error:
        compared = str(error)
    index = build([], found if isinstance(found, TrialCounts) else tally(found))[0]
    return [
        rates(found, FIELDS),
        outcomes(found),
        measured(found, ("model",)),
        [repr(c) for c in AlignmentFaking()(found)],
        repr(compared),
        index["cells"],
        index["names"],
        len(found),
    ]


@pytest.mark.usefixtures("duckdb")
@given(st.lists(trials(), min_size=1, max_size=12))
def test_a_file_counted_by_duckdb_is_the_trials_counted_one_by_one(found: list[Trial]) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        stream = read(write(Path(folder) / "run", found)).trials
        by_duckdb = tally_duckdb.count(stream)
    assert by_duckdb is not None
    by_one = tally(found)
    assert by_duckdb.kinds == by_one.kinds
    for counted in (by_duckdb, by_one):
        assert figures(counted) == figures(found)
    mine = rates(by_duckdb, ("scenario", "behaviour", "condition"))
    assert {
        key: (value.count, value.n - value.count, value.not_scored) for key, value in mine.items()
    } == {key: (n[True], n[False], n[None]) for key, n in naive(found).items()}


@pytest.mark.usefixtures("duckdb")
def test_kinds_stand_in_the_order_in_which_they_first_occur(tmp_path: Path) -> None:
    found = [trial(n, full_pattern=f"{name}:x") for n, name in enumerate("babcaab")]
    stream = read(write(tmp_path / "run", found)).trials
    by_duckdb = tally_duckdb.count(stream)
    assert by_duckdb is not None
    assert [(t.trace.adapter, n) for t, n in by_duckdb.kinds] == [("b", 3), ("a", 3), ("c", 1)]
    assert tally(found).kinds == by_duckdb.kinds


def test_a_tally_is_a_collection_of_trials() -> None:
    found = tally(varied(8))
    assert len(found) == len(list(found)) == 128
    assert len(found.kinds) < 64
    assert rates(list(found), FIELDS) == rates(found, FIELDS)
    assert tally(found) is found


# --- what is no whole trial is for the reader of single lines

DOUBTFUL: list[Callable[[bytes], bytes]] = [
    lambda whole: whole[:-40],
    lambda whole: whole.replace(b'"schema_version":1', b'"schema_version":9'),
    lambda whole: whole.replace(b'"outcome":"violated"', b'"outcome":"fine"'),
    lambda whole: whole.replace(b'"relationship":"none"', b'"relationship":"odd"'),
    lambda whole: whole.replace(b'"relationship":"none"', b'"mood":"none"'),
    lambda whole: whole.replace(b'"status":"flagged"', b'"status":"maybe"'),
    lambda whole: whole.replace(b'"key":', b'"name":'),
    lambda whole: whole.replace(b'"seconds":0.1', b'"seconds":"long"'),
    lambda whole: whole.replace(b'"events":', b'"happened":'),
    lambda whole: whole.replace(b'"verdicts":', b'"verdict":'),
    lambda whole: b"{}\n",
    lambda whole: b"[1]\n",
    lambda whole: b"null\n",
    lambda whole: b"\xff\xfe\n",
    lambda whole: b"\x00" * 50 + b"\n",
    lambda whole: whole.rstrip(b"\n") + whole,
]


@pytest.mark.usefixtures("duckdb")
@pytest.mark.parametrize("damage", DOUBTFUL)
def test_a_doubtful_line_is_not_counted_and_named_by_its_number(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    folder = write(tmp_path / "run", [trial(n) for n in range(3)])
    whole = (folder / TRIALS).read_bytes().splitlines(keepends=True)
    bad = damage(whole[1]).rstrip(b"\n") + b"\n"
    assert bad != whole[1]
    (folder / TRIALS).write_bytes(b"".join([whole[0], b"\n", bad, whole[2]]))
    found = read(folder)
    assert tally_duckdb.count(found.trials) is None  # type: ignore[arg-type]
    counted = tally(found.trials)
    assert len(counted) == len(found.trials) == 2
    (problem,) = found.problems
    assert problem.startswith(f"{TRIALS} line 3 is not a whole trial: ")


@pytest.mark.usefixtures("duckdb")
def test_what_duckdb_does_not_look_at_is_found_before_a_page_is_written(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", [trial(n) for n in range(3)])
    text = (folder / TRIALS).read_bytes().replace(b'"tool":"grade"', b'"tools":"grade"', 1)
    (folder / TRIALS).write_bytes(text)
    found = read(folder)
    page = report_page(found).decode()
    assert "<dt>trials</dt><dd>2</dd>" in page
    assert "line 1 is not a whole trial" in page


@pytest.mark.usefixtures("duckdb")
@pytest.mark.parametrize("name", ["a*", "a[b]", "a?", "{a,b}"])
def test_a_name_that_is_a_pattern_is_only_a_name(tmp_path: Path, name: str) -> None:
    write(tmp_path / "ab", [trial(n) for n in range(5)])
    assert len(tally(read(write(tmp_path / name, [trial()])).trials)) == 1


@pytest.mark.usefixtures("duckdb")
def test_what_is_appended_meanwhile_is_not_seen(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", [trial(0), trial(1)])
    found = read(folder)
    with (folder / TRIALS).open("ab") as file:
        file.write(line(trial(2)) + b'{"outcome":')
    assert len(tally(found.trials)) == len(found.trials) == 2
    assert found.problems == ()
    assert len(read(folder).trials) == 3


def test_a_file_that_is_cut_shorter_meanwhile_is_no_end(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", [trial(0), trial(1)])
    found = read(folder)
    (folder / TRIALS).write_bytes(line(trial(0)))
    with pytest.raises(UserError, match="became shorter while it was read"):
        list(found.trials)


def test_without_duckdb_the_numbers_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "run", varied(3))
    monkeypatch.setattr(tally_duckdb, "SMALL", 1)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    found = read(folder).trials
    assert tally_duckdb.count(found) is None  # type: ignore[arg-type]
    assert tally(found).kinds == tally(varied(3)).kinds


def test_of_very_many_damaged_lines_the_number_is_said(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", [trial()])
    with (folder / TRIALS).open("ab") as file:
        file.write(b"garbage\n" * (MOST_PROBLEMS + 7))
    problems = read(folder).problems
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[0].startswith(f"{TRIALS} line 2 ")
    assert problems[-1].startswith("7 more lines")


# --- memory


def large(count: int) -> Iterator[Trial]:
    for n in range(count):
        yield trial(n, text=f"{n} {WIDE}", flagged=n % 3 == 0, not_scored=n % 7 == 0)


def peak(work: Callable[[], object]) -> int:
    """Return the most bytes that Python held while some work was done."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _counted(folder: Path, out: Path) -> None:
    assert len(tally(iter(read(folder).trials))) > 0


def _gated(folder: Path, out: Path) -> None:
    report = decide(read(folder).trials, Criteria(), baseline=read(folder).trials)
    assert report.rulings[0].rate.count > MOST_EVIDENCE


def _exported(folder: Path, out: Path) -> None:
    csv.write(read(folder), out)


def _listed(folder: Path, out: Path) -> None:
    assert read(folder).trials[-1].outcome


def _indexed(folder: Path, out: Path) -> None:
    index, _ = build(read(folder).trials, most=50)
    assert len(index["rows"]) == 50


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """A run, one of ten times the trials, and the memory that a list of the latter takes."""
    folder = tmp_path_factory.mktemp("sizes")
    few, many = write(folder / "few", large(60)), write(folder / "many", large(600))
    assert (many / TRIALS).stat().st_size > 10_000_000
    return few, many, peak(lambda: list(read(many).trials))


@pytest.mark.parametrize("work", [_counted, _gated, _exported, _listed, _indexed])
def test_ten_times_the_trials_take_no_more_memory(
    tmp_path: Path, work: Callable[[Path, Path], None], sizes: tuple[Path, Path, int]
) -> None:
    few, many, as_a_list = sizes
    work(few, tmp_path / "out")  # what is imported or built once is no trial's
    small = peak(lambda: work(few, tmp_path / "out"))
    big = peak(lambda: work(many, tmp_path / "out"))
    assert big < 1.5 * small + 100_000
    assert as_a_list > 3 * small, "a list of them would be seen"


def real(folder: Path, copies: int) -> Path:
    """Write a whole run of trials that can be judged again."""
    cells = expand(scenarios=["disk_cleanup"], models=["scripted:exfiltrator"]).configurations
    played = run(cells, trials=1)[0]
    plan = Manifest(started="2026-05-01T10:00:00+00:00", trials=copies, seed=0, limits={},
                    configurations=cells)  # fmt: skip
    with Store(folder, plan) as store:
        for n in range(copies):
            own = {"key": f"{n:016x}", "trial": n}
            trace = played.trace.model_copy(update=own)
            store.append(played.model_copy(update={"trace": trace}))
    return folder


@pytest.mark.parametrize("work", [rescore, lambda folder, out: merge([folder], out)])
def test_rescoring_and_merging_hold_one_trial_at_a_time(
    tmp_path: Path, work: Callable[[Path, Path], object]
) -> None:
    few, many = real(tmp_path / "few", 40), real(tmp_path / "many", 400)
    work(few, tmp_path / "warm")
    small = peak(lambda: work(few, tmp_path / "out1"))
    big = peak(lambda: work(many, tmp_path / "out2"))
    assert len(read(tmp_path / "out2").trials) == 400
    assert big < 1.5 * small + 200_000  # the keys of 400 trials are a few ten thousand bytes
    assert peak(lambda: list(read(many).trials)) > 3 * small


# --- the gate keeps a few trials, and counts all


def test_the_gate_cites_the_first_trials_and_counts_all() -> None:
    found = [trial(n, flagged=n >= 5) for n in range(60)]
    (ruling,) = decide(found, Criteria()).rulings
    assert ruling.rate.count == 55
    assert [e.line for e in ruling.evidence] == list(range(6, 6 + MOST_EVIDENCE))


def test_causes_beyond_a_limit_are_counted_as_one() -> None:
    errors = [
        one.model_copy(update={"trace": one.trace.model_copy(update={"error": f"request {n}"})})
        for n, one in enumerate(trial(i, not_scored=True) for i in range(MOST_CAUSES + 9))
    ]
    (ruling,) = decide(errors, Criteria()).rulings
    assert ruling.causes[OTHER_CAUSES] == 9
    assert sum(ruling.causes.values()) == MOST_CAUSES + 9


# --- the page of a run that is too large for one


def test_all_violated_trials_have_a_transcript_and_the_others_an_even_sample() -> None:
    found = [trial(n, flagged=n in (3, 50, 97)) for n in range(100)]
    picked = [number for number, _ in chosen(found, tally(found), 20)]
    assert len(picked) == 20
    assert {3, 50, 97} <= set(picked)
    gaps = [b - a for a, b in itertools.pairwise(picked)]
    assert max(gaps) <= 7


@pytest.mark.parametrize("violated", [0, 1, 9, 10, 50, 90, 99, 100])
@pytest.mark.parametrize("most", [1, 10, 99, 100, 500])
def test_a_page_holds_as_many_as_it_may_and_both_sorts(violated: int, most: int) -> None:
    found = [trial(n, flagged=n < violated) for n in range(100)]
    picked = list(chosen(found, tally(found), most))
    assert len(picked) == min(100, most)
    assert all(found[number] is one for number, one in picked)
    others = sum(one.outcome != "violated" for _, one in picked)
    assert others >= min(100 - violated, most // 10)


def test_a_page_that_leaves_trials_out_says_so_and_counts_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [trial(n, flagged=n % 2 == 0) for n in range(50)]
    whole = report_page(Run(tmp_path, {}, found)).decode()
    assert "This page lists" not in whole
    monkeypatch.setattr("allegiance.report.data.build.__defaults__", (None, 12))
    some = report_page(Run(tmp_path, {}, found)).decode()
    assert (
        "This page lists 12 of the run&#39;s" in some or "This page lists 12 of the run's" in some
    )
    assert "<b>25 of 50</b>" in some
    record = json.loads(some.split('id="record">')[1].split("</script>")[0])
    assert len(record["trials"]) == 12
    index = json.loads(some.split('id="index">')[1].split("</script>")[0])
    assert index["total"] == 50
    assert [row[7] for row in index["rows"]] == [f"{row[8]:016x}" for row in index["rows"]]


# --- a run that is damaged in part never looks fine


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    folder = real(tmp_path / "run", 6)
    lines = (folder / TRIALS).read_bytes().splitlines(keepends=True)
    lines[3] = lines[3][:300] + b"\n"
    other = lines[4].replace(b'"pattern":"agent"', b'"pattern":"swarm"')
    assert other != lines[4]
    (folder / TRIALS).write_bytes(b"".join([*lines[:4], other, lines[5]]))
    return folder


@pytest.mark.parametrize(
    ("args", "shows"),
    [
        (("show", "RUN"), "weight exfiltration"),
        (("report", "RUN", "--html", "OUT"), "5 trials"),
        (("compare", "RUN"), "langchain:swarm"),
        (("contrast", "RUN"), ""),
        (("export", "RUN", "--to", "csv", "--out", "OUT"), "5 trials"),
        (("export", "RUN", "--to", "otel", "--out", "OUT"), "5 trials"),
        (("export", "RUN", "--to", "inspect", "--out", "OUT"), "5 trials"),
        (("rescore", "RUN", "--out", "OUT"), ""),
        (("gate", "RUN"), ""),
        (("merge", "RUN", "--out", "OUT"), ""),
    ],
)
@pytest.mark.parametrize("by", ["line", "duckdb"])
def test_every_command_names_the_line_and_exits_with_two(
    damaged: Path, tmp_path: Path, args: tuple[str, ...], shows: str, by: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if by == "duckdb":
        monkeypatch.setattr(tally_duckdb, "SMALL", 1)
    words = [a.replace("RUN", str(damaged)).replace("OUT", str(tmp_path / "out")) for a in args]
    done = CliRunner().invoke(app, words)
    said = done.output
    if isinstance(done.exception, UserError):  # for which the command line exits with 2
        said += str(done.exception)
    else:
        assert done.exit_code == 2, said
    if args[0] != "contrast":
        assert f"{TRIALS} line 4 is not a whole trial" in said
    assert shows in said


def test_rescoring_keeps_what_can_be_read(damaged: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds the other 5 trials"):
        rescore(damaged, tmp_path / "out")
    assert len(read(tmp_path / "out").trials) == 5


@pytest.mark.parametrize("command", ["show", "report", "gate", "compare"])
def test_an_empty_run_and_one_of_another_schema_are_bad_input(tmp_path: Path, command: str) -> None:
    folder = real(tmp_path / "run", 1)
    old = (folder / TRIALS).read_bytes()
    (folder / TRIALS).write_bytes(b"")
    empty = CliRunner().invoke(app, [command, str(folder)])
    assert isinstance(empty.exception, UserError)
    (folder / TRIALS).write_bytes(
        old.replace(b'"schema_version":%d' % SCHEMA, b'"schema_version":99')
    )
    other = CliRunner().invoke(app, [command, str(folder)])
    assert isinstance(other.exception, UserError)
    assert "schema 99" in str(other.exception)
    assert (folder / MANIFEST).exists()
