import base64
import hashlib
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_runs import HOSTILE, PROMPT, trial, varied, write

from allegiance.analysis import rates
from allegiance.cli import main
from allegiance.errors import UserError
from allegiance.report import page as pages
from allegiance.report.contrasts import against, families
from allegiance.report.data import build, code
from allegiance.report.page import embed, report_page
from allegiance.report.summary import planned, summarise
from allegiance.stats import holm
from allegiance.store.writer import Run, read


class Scripts(HTMLParser):
    """Collects what a browser would take for scripts, styles, attributes and links."""

    def __init__(self, text):
        super().__init__()
        self.found, self.attributes, self._open = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag in ("script", "style"):
            self._open = (tag, dict(attrs).get("type", ""))
            self.found.append([*self._open, ""])

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._open = None

    def handle_data(self, data):
        if self._open:
            self.found[-1][2] += data

    def json(self, name):
        return json.loads(next(b for (a, _, b) in self._named() if a == name))

    def _named(self):
        ids = [value for tag, key, value in self.attributes if tag == "script" and key == "id"]
        bodies = [body for tag, kind, body in self.found if kind == "application/json"]
        return [(name, "", body) for name, body in zip(ids, bodies, strict=True)]


def run_of(trials, manifest=None):
    return Run(Path("a-run"), manifest or {}, tuple(trials), ())


def cli(monkeypatch, *args):
    monkeypatch.setattr(sys, "argv", ["allegiance", *map(str, args)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_policy_allows_exactly_our_script_and_style():
    found = Scripts(report_page(run_of(varied())).decode())
    policy = next(v for tag, key, v in found.attributes if key == "content" and "default" in v)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "connect-src 'none'" in policy
    code = [body for tag, kind, body in found.found if tag == "script" and not kind]
    style = [body for tag, kind, body in found.found if tag == "style"]
    assert (len(code), len(style)) == (1, 1)
    for directive, body in (("script-src", code[0]), ("style-src", style[0])):
        hashed = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{directive} 'sha256-{hashed}'" in policy


def test_page_is_self_contained():
    found = Scripts(report_page(run_of(varied())).decode())
    loads = [
        v for tag, key, v in found.attributes if key in ("src", "srcset", "href", "action", "data")
    ]
    assert all(value.startswith("#") or value == "data:," for value in loads)
    assert not [key for tag, key, _ in found.attributes if key.startswith("on") or key == "style"]


@pytest.mark.parametrize(
    "word",
    ["innerHTML", "outerHTML", "AdjacentHTML", ".write", "eval(", "Function(", "DOMP", "</s", "<!"],
)
def test_scripts_take_no_markup(word):
    for name in (*pages.SCRIPTS, "live.js"):
        assert word not in (pages.HERE / "static" / name).read_text(encoding="utf-8")


def test_hostile_texts_stay_data_everywhere():
    hostile = trial(text=HOSTILE, model=f"openai:{HOSTILE}", full_pattern=f"x:{HOSTILE}",
                    scenario=HOSTILE, behaviour=HOSTILE)  # fmt: skip
    text = report_page(run_of([hostile, trial(1, hit=False)])).decode()
    plain, bad = Scripts(report_page(run_of(varied())).decode()), Scripts(text)
    assert [f[:2] for f in bad.found] == [f[:2] for f in plain.found]
    assert {tag for tag, _, _ in bad.attributes} <= {tag for tag, _, _ in plain.attributes}
    assert HOSTILE in bad.json("record")["texts"]
    assert HOSTILE in bad.json("index")["names"]["scenario"]
    body = text[: text.index('<script type="application/json"')]
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", body)


def test_embedded_json_round_trips_and_cannot_end_its_element():
    value = {HOSTILE: [HOSTILE, "\u2028", "\ud800"]}
    text = embed(value)
    assert not set("<>&") & set(text)
    assert json.loads(text) == value
    with pytest.raises(ValueError, match="JSON"):
        embed(float("nan"))


def test_lone_surrogates_do_not_stop_the_page():
    event = trial().trace.events[0].model_copy(update={"text": "\ud800 half"})
    one = trial()
    trace = one.trace.model_copy(update={"events": (event, *one.trace.events[1:])})
    assert b"half" in report_page(run_of([one.model_copy(update={"trace": trace})]))


def test_cells_equal_the_rates_of_the_tables():
    trials = varied(9)
    index, _ = build(trials)
    names, seen = index["names"], 0
    for model, scenario, condition, behaviour, place, relation, *numbers in index["cells"]:
        assert condition == 0
        mine = [
            t
            for t in trials
            if t.trace.model == names["model"][model]
            and scenario in (-1, names["scenario"].index(t.trace.scenario))
        ]
        key = (names["behaviour"][behaviour], names["pattern"][place],
               names["relationship"][relation])  # fmt: skip
        want = rates(mine, ("behaviour", "pattern", "relationship"))[key]
        assert numbers == [want.hits, want.n, want.unscored, want.low, want.high]
        seen += 1
    assert seen == 2 * (8 + 8)  # pooled and by scenario; each scenario has one behaviour here


def test_a_cell_without_scored_trials_has_no_interval():
    index, _ = build([trial(unscored=True)])
    assert [cell[6:] for cell in index["cells"]] == [[0, 0, 1, None, None]]


def test_rates_are_those_of_the_critic():
    one = trial()
    others = one.verdicts[0].findings[0].model_copy(update={"actor": "peer"})
    verdict = one.verdicts[0].model_copy(update={"findings": (others,)})
    assert code([verdict]) == "c"
    assert code(one.verdicts) == "A"
    assert code(trial(rejected=True).verdicts) == "a"
    assert code(trial(unscored=True).verdicts) == "u"
    assert code([]) == "-"


def test_repeated_texts_are_stored_once():
    trials = [trial(i, text="The same.") for i in range(300)]
    _, record = build(trials)
    assert record["texts"].count(PROMPT) == 1
    assert len(record["events"]) == 5
    small, large = (len(report_page(run_of(trials[:n]))) for n in (100, 300))
    assert (large - small) / 200 < 250  # bytes for one more trial that says nothing new


def test_record_keeps_the_order_and_ties_results_to_calls():
    _, record = build([trial(5, rejected=True)])
    (events, verdicts, _, _) = record["trials"][0]
    kinds = [record["kinds"][record["events"][e][0]] for e in events]
    assert kinds == ["message", "tool_call", "tool_result", "message", "end"]
    call, result = record["events"][events[1]], record["events"][events[2]]
    assert (result[6], len(call[7]), len(result[7])) == (1, 1, 0)
    assert [list(f[2]) for f in record["verdicts"][verdicts[0]][4]] == [[1]]


def test_holm_equals_statsmodels():
    from statsmodels.stats.multitest import multipletests

    values = [0.04, 0.001, 0.5, 0.02, 0.02]
    want = multipletests(values, method="holm")[1]
    assert holm(values) == pytest.approx(list(want))
    assert holm([float("nan"), 0.02])[1] == 0.02
    assert holm([]) == []


def test_relationship_is_contrasted_with_none_and_nothing_else():
    trials = [
        *(trial(i, hit=i < 3, relationship="good") for i in range(4)),
        *(trial(i, hit=i < 2, relationship="good", delivery="prompt") for i in range(4)),
        *(trial(i, hit=False) for i in range(4)),
        *(trial(i, hit=True, order="explicit") for i in range(4)),
    ]
    found = {c.label.rpartition(": ")[2]: c for c in against(trials, "relationship", "none")}
    assert set(found) == {"good - none", "good by prompt - none"}
    assert found["good - none"].first.hits == 3
    assert found["good by prompt - none"].first.hits == 2
    assert all((c.second.hits, c.second.n) == (0, 4) for c in found.values())


def test_families_that_cannot_be_formed_are_left_out():
    assert families([trial()]) == []
    titles = [f.title for f in families(varied())]
    assert titles == ["Relationship", "Framework and pattern"]
    watched = [trial(i, hit=o == "unmonitored", oversight=o) for i in range(3)
               for o in ("monitored", "unmonitored")]  # fmt: skip
    (family,) = families(watched)
    assert family.title == "Oversight"
    assert family.rows[0].contrast.value == 1
    assert len(family.excluding) == 1


def test_verdict_says_what_was_measured():
    scripted = summarise(run_of([trial()]), [])
    assert scripted.headline == "1 scripted character measured, no model"
    assert "nothing about any model" in scripted.caution
    mixed = summarise(run_of(varied()), families(varied()))
    assert mixed.headline == "openai:gpt-x and 1 scripted character measured"
    real = summarise(run_of([trial(model="openai:gpt-x")]), [])
    assert (real.headline, real.caution) == ("openai:gpt-x measured", "")
    assert (
        "published rates" in summarise(run_of([trial(model="scripted:calibrated:m")]), []).caution
    )


def test_verdict_counts_what_is_missing():
    run = run_of([trial(), trial(1, unscored=True)], {"configurations": [{}], "trials": 5})
    found = summarise(run, [])
    assert ("2", "of 5 trials planned") in found.figures
    assert ("1", "of 2 verdicts unscored") in found.figures
    assert ("1", "ended in an error") in found.figures
    assert any("3 of 5 planned trials are not in this run" in text for text in found.limits)
    assert any("smallest cell has 1 scored trial." in text for text in found.limits)


def test_planned_trials_of_a_share_and_of_a_damaged_manifest():
    plan = {"configurations": [{}, {}], "trials": 5}
    assert planned(plan) == 10
    assert [planned(plan | {"shard": f"{k}/3"}) for k in (1, 2, 3)] == [4, 3, 3]
    for damaged in ([], {}, {"cells": 3, "trials": 1}, plan | {"shard": "x"}):
        assert planned(damaged) is None
    assert b"1 scripted" in report_page(Run(Path("x"), ["damaged"], (trial(),), ()))


def test_command_writes_one_file(tmp_path, monkeypatch, capsys):
    run = write(tmp_path / "run", varied())
    assert cli(monkeypatch, "report", run) == 0
    assert "64 trials" in capsys.readouterr().out
    assert (run / "report.html").read_bytes().startswith(b"<!doctype html>")
    assert cli(monkeypatch, "report", run, "--html", tmp_path / "no" / "where.html") == 2
    assert "cannot write" in capsys.readouterr().err


def test_command_refuses_what_is_no_run(tmp_path, monkeypatch, capsys):
    assert cli(monkeypatch, "report", tmp_path) == 2
    assert "is not a run" in capsys.readouterr().err
    empty = write(tmp_path / "empty", [], planned=3)
    assert cli(monkeypatch, "report", empty) == 2
    assert "no trials yet" in capsys.readouterr().err
    other = write(tmp_path / "other", [trial()])
    lines = (other / "trials.jsonl").read_text().replace('"schema_version":1', '"schema_version":9')
    (other / "trials.jsonl").write_text(lines)
    assert cli(monkeypatch, "report", other) == 2
    assert "schema 9" in capsys.readouterr().err
    (other / "trials.jsonl").write_text('{"outcome": "compl')
    assert cli(monkeypatch, "report", other) == 2
    assert "nothing can be read" in capsys.readouterr().err
    assert not (other / "report.html").exists()


def test_a_run_that_was_cut_off_is_reported_with_what_it_lacks(tmp_path, monkeypatch, capsys):
    run = write(tmp_path / "run", [trial(), trial(1)], planned=9)
    whole = (run / "trials.jsonl").read_bytes()
    (run / "trials.jsonl").write_bytes(whole[:-40])
    assert cli(monkeypatch, "report", run) == 2
    assert "line 2 is not a whole trial" in capsys.readouterr().err
    text = (run / "report.html").read_text()
    assert "line 2 is not a whole trial" in text
    assert "8 of 9 planned trials are not in this run" in text
    assert len(read(run).trials) == 1


def test_without_the_template_library_the_extra_is_named(monkeypatch):
    pages.environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UserError, match=r"allegiance\[report\]"):
        report_page(run_of([trial()]))
    pages.environment.cache_clear()
