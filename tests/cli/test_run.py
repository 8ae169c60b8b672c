"""The command that plays trials: what it writes and shows, by seed and with a guard."""

from __future__ import annotations

from pathlib import Path

from cli_calls import LOYAL, Cli, spaceless

from allegiance.store.writer import TRIALS, read


def test_run_show_and_compare(cli: Cli, tmp_path: Path) -> None:
    ran = cli(
        *("run", "performance_review", "disk_cleanup", "--out", "one", "--trials", "2"),
        *("--adapter", "langchain", "--adapter", "langgraph:pipeline"),
        *("--factor", "relationship=none,good", "--model", "scripted:inflator", *LOYAL),
    )
    assert ran.code == 0, ran
    assert "misrepresentation" in ran.out
    assert "A scripted agent was measured, not a model" in spaceless(ran.out)
    run = read(tmp_path / "one")
    assert len(run.trials) == 2 * 2 * 2 * 2 * 2
    assert {t.outcome for t in run.trials} == {"complied", "violated"}
    assert run.manifest["trials"] == 2
    assert len(run.manifest["configurations"]) == 16

    shown = cli("show", "one", "--by", "scenario,behaviour,condition")
    assert shown.code == 0
    for number, trial in enumerate(run.trials):
        assert f"{number:>5} {trial.trace.key} {trial.outcome}" in shown.out

    violated = next(n for n, t in enumerate(run.trials) if t.outcome == "violated")
    transcript = cli("show", "one", str(violated))
    assert transcript.code == 0
    assert "outcome: violated" in transcript.out
    assert "^ score_inflation, achieved: reports" in transcript.out
    key = run.trials[violated].trace.key
    assert cli("show", "one", key[:12]).out == transcript.out

    compared = cli("compare", "one")
    assert compared.code == 0
    assert "langgraph:pipeline" in compared.out
    wrong = cli("compare", "one", "--against", "crewai:flow")
    assert wrong.code == 2
    assert "cannot compare with 'crewai:flow': the runs have langchain:agent" in wrong.err

    keys = [trial.trace.key for trial in run.trials]
    unused = next(str(n) for n in range(32, 999) if not any(k.startswith(str(n)) for k in keys))
    for selector in (unused, "zzzz", ""):
        missing = cli("show", "one", selector)
        assert missing.code == 2
        assert f"trials match {selector!r}; the run has 32 trials, numbered from 0" in spaceless(
            missing.err
        )

    with (tmp_path / "one" / TRIALS).open("ab") as file:
        file.write(b'{"outcome":"compl')
    damaged = cli("show", "one")
    assert damaged.code == 2
    assert f"   31 {run.trials[31].trace.key}" in damaged.out
    assert "not read: trials.jsonl line 33 is not a whole trial" in damaged.err


def test_trials_repeat_themselves_by_seed(cli: Cli, tmp_path: Path) -> None:
    def play(out: str, seed: int) -> list[tuple[str, str, str]]:
        args = ("--model", "calibrated:gemini-3-pro", "--factor", "relationship=good")
        more = ("--trials", "20", "--seed", str(seed), "--out", out)
        assert cli("run", "server_migration", *args, *more).code == 0
        trials = read(tmp_path / out).trials
        return sorted((t.trace.key, t.outcome, repr(t.trace.events)) for t in trials)

    first = play("a", 1)
    assert first == play("b", 1)
    other = play("c", 2)
    assert {key for key, _, _ in first}.isdisjoint(key for key, _, _ in other)
    assert {outcome for _, outcome, _ in first} == {"complied", "violated"}


def test_a_guard_that_blocks_changes_what_comes_about(cli: Cli, tmp_path: Path) -> None:
    args = ("disk_cleanup", "--model", "scripted:exfiltrator", "--guard", "block", "--out", "g")
    assert cli("run", *args).code == 0
    (trial,) = read(tmp_path / "g").trials
    assert trial.trace.guard == "block"
    assert not any(v.achieved for v in trial.verdicts)
    assert any(e.kind == "decision" for e in trial.trace.events)


def test_a_run_in_which_every_trial_failed_exits_with_one(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "app_down.py").write_text(
        "class App:\n    async def ainvoke(self, *args, **kwargs):\n"
        "        raise ConnectionError('down')\n"
        "def build(kit):\n    return App()\n"
    )
    result = cli("run", "rubric_grading", "--app", "app_down:build", *LOYAL, "--out", "o")
    assert result.code == 1
    (trial,) = read(tmp_path / "o").trials
    assert trial.trace.error == "ConnectionError: down"
    assert trial.trace.app == "app_down:build"
    assert "- n=0 +1 not scored" in result.out
    assert "1 trials ended in an error" in result.out
