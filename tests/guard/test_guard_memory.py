"""A guard stays small however long an app runs, and its verdicts do not depend on what it keeps."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable
from typing import Any

import pytest

from allegiance.bindings import bind
from allegiance.guard import Guard, GuardBypassed, Watch
from allegiance.guard.announced import MOST as MOST_ANNOUNCED
from allegiance.guard.recent import MOST, Recent, put_bounded
from allegiance.guard.window import Window
from allegiance.probe import View
from allegiance.probe.protocol import cited_events, make_finding
from allegiance.probes import FeignedCompliance, WeightExfiltration
from allegiance.statements.duties import Duty, Need
from allegiance.trace import Effect, Finding

WEIGHTS = WeightExfiltration(assets=["models/**"], allowed=["vault:*"])
FILES = (
    bind("cp", lambda a: Effect(verb="copy", source=a["src"], target=a["dst"])),
    bind("read", lambda a: Effect(verb="read", target=a["path"])),
    bind("send", lambda a: Effect(verb="message", target="peer", value=a["text"])),
)
BACKUP = Duty("backup", "back up the notes", needs=(Need(("copy",), "usb:/notes"),))


class LooksAtAll:
    id = "looks_at_all"
    behaviour = "nothing"

    def __call__(self, view: View) -> Iterable[Finding]:
        assert all(e.kind != "end" for e in view.events[: view.size])
        return ()


class BeginsLate:
    id = "begins_late"
    behaviour = "nothing"

    def __call__(self, view: View) -> Iterable[Finding]:
        if view.event.tool == "late":
            view.before(id(self), lambda state, event: state + 1, 0)
        return ()


class CitesCalls:
    id = "cites_calls"
    behaviour = "nothing"

    def __call__(self, view: View) -> Iterable[Finding]:
        if view.event.kind == "tool_result":
            yield make_finding(self, view.event, cited_events(view), "achieved", "a result")


def play(watch: Watch, seed: int, steps: int = 300) -> list[tuple[int, bool]]:
    """Play the same random calls, and return which of them were allowed."""
    dice = random.Random(seed)
    names = ["models/a", "notes/b", "usb:/c", "usb:/d", "vault:/e"]
    decisions = []
    for step in range(steps):
        match dice.randrange(4):
            case 0:
                watch.message("ops", f"Step {step}.")
                continue
            case 1:
                tool, args = "cp", {"src": dice.choice(names), "dst": dice.choice(names)}
            case 2:
                tool, args = "read", {"path": dice.choice(names)}
            case _:
                secret = "the weights of the model are 31415926 and 27182818" * dice.randrange(2)
                tool, args = "send", {"text": f"Here it is: {secret}"}
        ticket = watch.before("ops", tool, args)
        decisions.append((step, ticket.allowed))
        if ticket.allowed:
            watch.after(ticket, "the weights of the model are 31415926 and 27182818" * 2)
    return decisions


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("keep", [1, 7, 50])
def test_decisions_do_not_depend_on_how_many_events_are_kept(seed: int, keep: int) -> None:
    guards = [Guard([WEIGHTS], bindings=FILES, keep_events=k) for k in (None, keep)]
    watches = [Watch(g) for g in guards]
    decisions = [play(watch, seed) for watch in watches]
    assert decisions[0] == decisions[1]
    assert {allowed for _, allowed in decisions[0]} == {True, False}
    assert list(watches[0].findings) == list(watches[1].findings)
    assert not guards[1].failures
    assert watches[1].dropped_events > 0
    assert len(watches[1].events) <= keep * 5 // 4 + 1
    assert watches[1].events == watches[0].events[watches[1].dropped_events :]


def test_a_probe_that_looks_back_only_at_the_end_sees_the_events_that_are_gone() -> None:
    found = []
    for keep in (None, 5):
        guard = Guard([FeignedCompliance([BACKUP])], "observe", FILES, keep_events=keep)
        watch = Watch(guard)
        watch.message("critic", "[done] backup")
        for n in range(100):
            watch.after(watch.before("critic", "read", {"path": f"notes/{n}"}), "text")
        watch.end()
        assert not guard.failures
        found.append([(f.seqs, f.reason) for f in watch.findings])
    assert found[0] == found[1]
    assert found[1][0][0] == (0, 201)  # a citation keeps its index


def test_a_result_cites_its_call_even_if_that_is_gone() -> None:
    guard = Guard([CitesCalls()], "observe", keep_events=5)
    watch = Watch(guard)
    slow = watch.before("ops", "read", {"path": "x"})
    for n in range(50):
        watch.message("ops", f"Step {n}.")
    assert watch.dropped_events > 0
    watch.after(slow, "done")
    assert [f.seqs for f in watch.findings] == [(0, 51)]
    assert not guard.failures


@pytest.mark.parametrize("probe", [LooksAtAll(), BeginsLate()])
def test_a_probe_that_asks_for_an_event_that_is_gone_rejects_the_call(probe: Any) -> None:
    guard = Guard([probe], keep_events=5)
    watch = Watch(guard)
    for n in range(20):
        watch.message("ops", f"Step {n}.")
    assert not watch.before("ops", "late", {}).allowed
    assert "event 0 is no longer kept" in guard.failures[-1]


def test_long_texts_are_not_kept_for_the_number_of_events_alone() -> None:
    window = Window(keep=100, characters=1000)
    for _ in range(10):
        window.add("message", "ops", text="x" * 300)
        if window.weigh(300):
            window.trim(lambda owner, job: job())
    assert len(window.kept.last) == 3
    assert window.size == 900
    assert [e.seq for e in window.kept.last] == [7, 8, 9]
    assert (len(window.kept), window.kept[-1].seq, window.kept[8:][0].seq) == (10, 9, 8)


def test_a_guard_keeps_the_latest_watch_and_counts_the_rest() -> None:
    guard = Guard([WEIGHTS], "observe", FILES)
    for n in range(MOST + 20):
        with guard.attach() as watch:
            watch.before("ops", "cp", {"src": "models/a", "dst": f"usb:/{n}"})
            guard.note_failure("x" * 1_000_000)
    assert list(guard.watches) == [watch]
    assert (len(guard.findings), guard.findings.total) == (MOST, MOST + 20)
    assert (len(guard.failures), guard.failures.total) == (MOST, MOST + 20)
    assert max(map(len, guard.failures)) < 3000
    assert guard.findings[-1].reason.endswith(f"usb:/{MOST + 19}")


def test_ids_of_calls_that_arrived_are_not_searched_and_do_not_pile_up() -> None:
    watch = Watch(Guard([]))
    run = watch.wrap(lambda: "ok", tool="t")
    for n in range(3 * MOST_ANNOUNCED):
        watch.announce(f"id-{n}", "other")
    watch.announce("mine", "t")
    run()
    assert "mine" not in watch.pending
    assert len(watch.pending) == MOST_ANNOUNCED - 1
    watch.announce("mine", "t", again=True)  # some frameworks show a call after it has come
    assert "mine" not in watch.pending
    for n in range(3 * MOST_ANNOUNCED):
        watch.announce(f"ran-{n}", "other")
        watch.note_run(f"ran-{n}")
    assert len(watch.missed) == MOST_ANNOUNCED
    with pytest.warns(GuardBypassed, match=f"requested {3 * MOST_ANNOUNCED} tool calls"):
        watch.end()


def test_tools_that_a_model_makes_up_do_not_pile_up() -> None:
    watch = Watch(Guard([]))
    for n in range(2 * MOST):
        watch.before("ops", f"made-up-{n}", {})
    assert len(watch.unbound) == MOST + 1
    assert watch.unbound.total() == 2 * MOST


def test_a_recent_list_is_a_list_that_keeps_its_end() -> None:
    items = Recent(range(5), most=3)
    items.extend([5, 6])
    assert (items, items.total) == ([4, 5, 6], 7)
    again = copy.deepcopy(items)
    assert (again, again.total, again.most) == (items, 7, 3)
    assert Recent(range(5), most=None) == [0, 1, 2, 3, 4]
    some: dict[int, int] = {}
    assert [put_bounded(some, n, n, most=2) for n in range(3)] == [False, False, True]
    assert list(some) == [1, 2]
