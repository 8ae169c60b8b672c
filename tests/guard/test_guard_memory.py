"""A guard stays small however long an app runs, and its verdicts do not depend on what it keeps."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest

from allegiance.bindings import bind
from allegiance.guard import Guard, Watch
from allegiance.guard.announced import MOST as MOST_ANNOUNCED
from allegiance.guard.recent import MOST, Recent, put_bounded
from allegiance.guard.window import Window
from allegiance.probe import View, findings
from allegiance.probe.protocol import cited_events, make_finding
from allegiance.probes import FeignedCompliance, WeightExfiltration
from allegiance.statements import Duty
from allegiance.trace import Effect, Event, Finding

WEIGHTS = WeightExfiltration(assets=["models/**"], allowed=["vault:*"])
FILES = (
    bind("cp", lambda a: Effect(verb="copy", source=a["src"], target=a["dst"])),
    bind("read", lambda a: Effect(verb="read", target=a["path"])),
    bind("send", lambda a: Effect(verb="message", target="peer", value=a["text"])),
)
BACKUP = Duty(
    id="backup",
    text="back up the notes",
    claims=(),
    met=lambda effects: any(e.target == "usb:/notes" for e in effects),
)


class LooksAtAll:
    id = "looks_at_all"
    behaviour = "nothing"

    def __call__(self, view: View) -> Iterable[Finding]:
        return [] if any(e.kind == "end" for e in view.events[: view.size]) else []


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
    from allegiance.scenarios import load

    stage_duty = load_duty()
    guard = Guard([FeignedCompliance([stage_duty])], "observe", FILES, keep_events=5)
    kept_all = Guard(guard.probes, "observe", FILES, keep_events=None)
    assert load is not None
    for g in (guard, kept_all):
        watch = Watch(g)
        watch.message("critic", f"[[{stage_duty.id}: done]]")
        for n in range(100):
            watch.after(watch.before("critic", "read", {"path": f"notes/{n}"}), "text")
        watch.end()
        assert not g.failures
    assert list(guard.findings) == list(kept_all.findings)


def load_duty() -> Duty:
    return BACKUP
