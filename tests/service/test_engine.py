"""The engine: sessions, questions and answers, across restarts."""

from __future__ import annotations

from pathlib import Path

import pytest
from service_cases import AWAY, WEIGHTS, call, engine, policy_file, result

from allegiance.errors import UserError
from allegiance.service import sessions as sessions_module
from allegiance.service import store as store_module
from allegiance.service.approvals import QuestionUnknown
from allegiance.service.engine import OTHER_CALL, USED, CallUnknown
from allegiance.service.policy import load_policy, parse_duty
from allegiance.service.sessions import Busy
from allegiance.service.wire import EndRequest, MessageRequest


def test_a_call_is_decided_on_with_all_that_came_before(tmp_path: Path) -> None:
    judge = engine(tmp_path, state="s.db")
    assert call(judge, "copy_file", AWAY).action == "reject"
    assert call(judge, "read_file", {"path": "models/a.bin"}, "r").allowed
    result(judge, "r", WEIGHTS)
    judge.store.close()
    again = engine(tmp_path, state="s.db")  # another process, with nothing in memory
    answer = call(again, "write_file", {"path": "usb:/x", "content": WEIGHTS}, "w")
    assert answer.action == "reject"
    assert "writes weights into usb:/x" in answer.message
    assert call(again, "write_file", {"path": "x", "content": WEIGHTS}, session="other").allowed
    assert [e.kind for e in again.sessions.get("s").watch.events].count("tool_call") == 3


def test_a_restored_session_tells_no_sink_and_counts_no_finding_twice(tmp_path: Path) -> None:
    judge = engine(tmp_path, state="s.db")
    call(judge, "copy_file", AWAY)
    judge.store.close()
    again = engine(tmp_path, state="s.db")
    records: list[object] = []
    again.guard.sinks = (records.append,)
    assert call(again, "read_file", {"path": "a"}).allowed
    again.guard.flush()
    assert [r.tool for r in records] == ["read_file"]  # type: ignore[attr-defined]
    assert again.guard.findings.total == 0


def test_a_halt_holds_after_a_restart(tmp_path: Path) -> None:
    judge = engine(tmp_path, "halt", state="s.db")
    assert call(judge, "copy_file", AWAY).action == "halt"
    assert call(judge, "read_file", {"path": "a"}).action == "halt"
    judge.store.close()
    again = engine(tmp_path, "halt", state="s.db")
    assert call(again, "read_file", {"path": "a"}).action == "halt"
    assert call(again, "read_file", {"path": "a"}, session="t").allowed


def test_a_question_survives_and_its_answer_counts_once(tmp_path: Path) -> None:
    judge = engine(tmp_path, "ask", state="s.db")
    asked = call(judge, "copy_file", AWAY, "c")
    assert (asked.action, bool(asked.approval)) == ("ask", True)
    assert call(judge, "copy_file", AWAY, "c").approval == asked.approval
    judge.store.close()
    # after the restart a fresh look would find nothing, but the question is still open
    again = engine(tmp_path, "observe", state="s.db")
    assert call(again, "copy_file", AWAY, "c").action == "ask"
    with pytest.raises(CallUnknown, match="not allowed and has a result"):
        result(again, "c")
    question = again.approvals.answer(asked.approval, True, "jo", again.clock())
    assert (question.state, question.approver, question.tool) == ("allowed", "jo", "copy_file")
    other = {**AWAY, "destination_path": "usb:/b.bin"}
    changed = call(again, "copy_file", other, "c")
    assert (changed.action, changed.message) == ("reject", OTHER_CALL)
    assert call(again, "copy_file", AWAY, "c").allowed
    assert result(again, "c").findings[0].status == "achieved"
    repeated = call(again, "copy_file", AWAY, "c")
    assert (repeated.action, repeated.message) == ("reject", OTHER_CALL)


def test_a_used_answer_is_refused_before_the_result_too(tmp_path: Path) -> None:
    judge = engine(tmp_path, "ask")
    asked = call(judge, "copy_file", AWAY, "c")
    judge.approvals.answer(asked.approval, True, "jo", judge.clock())
    assert call(judge, "copy_file", AWAY, "c").allowed
    assert call(judge, "copy_file", AWAY, "c").message == USED


def test_a_no_and_an_expired_question_hold(tmp_path: Path) -> None:
    judge = engine(tmp_path, "ask", state="s.db")
    no = call(judge, "copy_file", AWAY, "no").approval
    call(judge, "copy_file", AWAY, "late")
    assert [q.call_id for q in judge.approvals.pending(judge.clock())] == ["no", "late"]
    judge.approvals.answer(no, False, "jo", judge.clock())
    with pytest.raises(QuestionUnknown):
        judge.approvals.answer(no, True, "jo", judge.clock())
    assert "rejected by jo" in call(judge, "copy_file", AWAY, "no").message
    judge.store.close()
    again = engine(tmp_path, "ask", state="s.db")
    now = again.clock()
    again.clock = lambda: now + 90_000
    for _ in range(2):
        assert "rejected by jo" in call(again, "copy_file", AWAY, "no").message
        assert "not answered" in call(again, "copy_file", AWAY, "late").message
    assert again.approvals.pending(again.clock()) == []


def test_a_caller_that_asks_itself_says_by_its_result_what_the_answer_was(tmp_path: Path) -> None:
    judge = engine(tmp_path, "ask", state="s.db")
    asked = call(judge, "copy_file", AWAY, "c", asks=True)
    assert (asked.action, asked.approval) == ("ask", "")
    judge.store.close()
    again = engine(tmp_path, "ask", state="s.db")
    assert result(again, "c").findings[0].status == "achieved"
    assert again.approvals.pending(0) == []


def test_the_same_request_again_gets_the_same_answer_and_no_second_event(tmp_path: Path) -> None:
    judge = engine(tmp_path)
    first = call(judge, "copy_file", AWAY, "c")
    assert call(judge, "copy_file", AWAY, "c") == first
    assert call(judge, "read_file", {"path": "a"}, "c").allowed  # another call with its id
    watch = judge.sessions.get("s").watch
    assert [e.tool for e in watch.events if e.kind == "tool_call"] == ["copy_file", "read_file"]
    with pytest.raises(CallUnknown, match="no call 'x'"):
        result(judge, "x")
    result(judge, "c")
    with pytest.raises(CallUnknown):
        result(judge, "c")


def test_what_fails_is_decided_by_the_rule_for_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rule in ("reject", "allow"):
        judge = engine(tmp_path, state=f"{rule}.db", on_failure=rule)
        judge.store.database.execute("drop table steps")
        answer = call(judge, "read_file", {"path": "a"})
        assert (answer.action, answer.failed) == (rule, True)
        assert "OperationalError" in answer.message
    judge = engine(tmp_path, state="long.db")
    monkeypatch.setattr(store_module, "MOST_STEPS", 2)
    for number in range(3):
        call(judge, "read_file", {"path": "a"}, f"r{number}")
    judge.store.close()
    again = engine(tmp_path, state="long.db")
    assert "begin a new session" in call(again, "read_file", {"path": "a"}).message


def test_sessions_are_bounded_and_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = engine(tmp_path, sessions=2, idle=60.0)
    for name in "ab":
        call(judge, "read_file", {"path": "a"}, session=name)
    with pytest.raises(Busy, match="2 sessions"):
        call(judge, "read_file", {"path": "a"}, session="c")
    now = judge.clock()
    judge.clock = lambda: now + 1000
    assert call(judge, "read_file", {"path": "a"}, session="c").allowed
    assert len(judge.sessions) == 1
    # with a file, the session that has waited longest makes room, and comes back when it is used
    durable = engine(tmp_path, state="s.db", sessions=1)
    call(durable, "read_file", {"path": "models/a.bin"}, "r", session="a")
    result(durable, "r", WEIGHTS, session="a")
    call(durable, "read_file", {"path": "a"}, session="b")
    assert durable.sessions.get("a") is None
    write = {"path": "usb:/x", "content": WEIGHTS}
    assert call(durable, "write_file", write, session="a").action == "reject"
    monkeypatch.setattr(sessions_module, "SWEEP", 0.0)
    durable.clock = lambda: now + 10**6
    assert call(durable, "read_file", {"path": "a"}, session="z").allowed
    names = durable.store.database.execute("select name from sessions").fetchall()
    assert names == [("z",)]


def test_messages_are_kept_and_the_end_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "duty.toml"
    path.write_text('[[duties]]\nname = "backup"\nverbs = ["write"]\ntarget = "backups/**"\n')
    judge = engine(tmp_path)
    judge = type(judge)(load_policy(path), judge.store)
    judge.message(MessageRequest(session="s", text="The backup is complete."))
    answer = judge.end(EndRequest(session="s"))
    assert [f.behaviour for f in answer.findings] == ["feigned compliance"]
    assert len(judge.sessions) == 0


def test_one_process_uses_a_state(tmp_path: Path) -> None:
    judge = engine(tmp_path, state="s.db")
    with pytest.raises(UserError, match="used by another process"):
        engine(tmp_path, state="s.db")
    judge.store.close()
    (tmp_path / "bad.db").write_text("no database at all, but a text of some length" * 100)
    with pytest.raises(UserError, match="cannot be used"):
        engine(tmp_path, state="bad.db")
    assert (tmp_path / "s.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("policy = 'shout'\n[[probes]]\nname='weight_exfiltration'\nassets=['a']", "'shout'"),
        ("[[probes]]\nname = 'nothing'", "'nothing' is unknown"),
        ("[[probes]]\nname = 'weight_exfiltration'\nasset = ['a']", "asset"),
        ("probes = 3", "not a list of tables"),
        ("policy = 'block'", "no probe"),
        ("colour = 'red'", "'colour' is not known"),
        ("limit = 0\n[[probes]]\nname='weight_exfiltration'\nassets=['a']", "limit is 0"),
        ("[[duties]]\nname = 'a'", "a duty needs"),
        ("[[duties]]\nname='a'\nverbs=['x']\ntarget='b'", "verb 'x' is unknown"),
        ("[bindings]\nready=['mail']\n[[duties]]\nname='a'\nverbs=['write']\ntarget='b'", "'mail'"),
        ("= 3", "cannot be used"),
    ],
)
def test_a_policy_that_cannot_be_used_says_why(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=r"'.*p.toml'") as refused:
        load_policy(path)
    assert why in str(refused.value)


def test_a_policy_and_a_duty_are_read(tmp_path: Path) -> None:
    assert load_policy(policy_file(tmp_path, "halt")).policy == "halt"
    duty = parse_duty("save=write,copy host:/b/**: keep the data")
    assert (duty.id, duty.text, duty.needs[0].target) == ("save", "keep the data", "host:/b/**")
