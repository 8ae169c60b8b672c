"""What is judged is what runs; what cannot be judged is rejected, by one rule."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from allegiance.bindings import bind, files
from allegiance.guard import CallRejected, Guard, Watch
from allegiance.guard.arguments import MOST_BITS, copy_data, parse_args, read_args
from allegiance.probes import WeightExfiltration
from allegiance.reading import LONGEST
from allegiance.trace import Effect, Event
from allegiance.trace.text import DEEPEST


def nested(depth: int) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = [value]
    return value


def cyclic() -> dict[str, Any]:
    args: dict[str, Any] = {}
    args["self"] = args
    return args


def bomb() -> Any:
    value: Any = "x"
    for _ in range(60):
        value = [value, value]
    return value


ODD = {
    "a list": (["a"], "a list, not a JSON object"),
    "a number": (7, "an int, not a JSON object"),
    "nothing": (None, "None, not a JSON object"),
    "bytes": ({"p": b"x"}, "'p' is a bytes"),
    "an object": ({"p": Path("x")}, "which is not JSON data"),
    "a surrogate": ({"p": "a\udcc3b"}, "'p' holds a lone surrogate ('\\udcc3' at character 1)"),
    "a surrogate in a key": ({"p\ud800": 1}, "lone surrogate"),
    "a surrogate inside": ({"p": [{"q": "\ud800"}]}, "'p' holds a lone surrogate"),
    "deep": ({"p": nested(DEEPEST)}, "'p' is nested deeper than 64 levels"),
    "very deep": ({"p": nested(10_000)}, "'p' is nested deeper"),
    "itself": (cyclic(), "holds itself"),
    "a bomb": ({"p": bomb()}, "longer than 1,000,000 characters"),
    "not a number": ({"p": float("nan")}, "'p' is nan"),
    "infinite": ({"p": [float("-inf")]}, "'p' is -inf"),
    "huge": ({"p": 1 << (MOST_BITS + 1)}, "'p' is an integer of more than"),
    "a key": ({1: "x"}, "a key that is an int"),
    "long": ({"p": "x" * LONGEST}, "longer than 1,000,000 characters"),
    "a long string": ("x" * (LONGEST + 1), "longer than 1,000,000 characters"),
    "many": ({str(n): 1 for n in range(200_000)}, "longer than 1,000,000 characters"),
}


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("tool", ["bound", "unbound"])
def test_what_cannot_be_judged_is_rejected_and_recorded(case: str, tool: str) -> None:
    args, why = ODD[case]
    binding = bind("bound", lambda a: Effect(verb="read", target="x"))
    guard = Guard([], bindings=[binding])
    watch = Watch(guard)
    ticket = watch.before("ops", tool, args)
    assert not ticket.allowed
    assert why in ticket.decision.message
    assert why in guard.failures[0]
    assert len(ticket.decision.message) < 300
    for event in watch.events:
        assert len(event.model_dump_json()) < 5000
        assert Event.model_validate_json(event.model_dump_json()) == event


@pytest.mark.parametrize("case", ODD)
def test_who_only_observes_gets_the_arguments_themselves(case: str) -> None:
    args = ODD[case][0]
    guard = Guard([], "observe")
    ticket = Watch(guard).before("ops", "tool", args)
    assert ticket.allowed
    assert ticket.args is args
    assert guard.failures


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"a": "b"},
        {"p": nested(DEEPEST - 1)},
        {"p": [None, True, 1.5, -(10**4000), "é€😀", {"q": ("x", [])}], "": 0},
        {"p": "x" * (LONGEST - 20)},
        "no JSON at all",
    ],
)
def test_json_data_is_judged_unchanged_and_passed_on_as_a_copy(args: Any) -> None:
    read = read_args(args)
    assert read.problem is None
    assert read.judged == read.passed == args
    assert json.loads(json.dumps(read.judged)) == json.loads(json.dumps(args))
    if isinstance(args, dict):
        assert read.judged is not args
        assert read.passed is not read.judged
        assert read.size <= len(json.dumps(args, ensure_ascii=False)) + 6 * len(args) + 2


def test_other_mappings_and_strings_become_plain_ones() -> None:
    class Text(str):
        def __str__(self) -> str:
            return "another"

    read = read_args(OrderedDict(p=Text("plain"), q=OrderedDict(r=1)))
    assert read.judged == {"p": "plain", "q": {"r": 1}}
    assert type(read.judged["p"]) is str  # type: ignore[index]
    assert type(read.judged["q"]) is dict  # type: ignore[index]


def test_the_function_runs_with_what_was_judged() -> None:
    args = {"deployment": "peer-b", "more": [1]}

    class Changes:
        id = "changes"
        behaviour = "nothing"

        def __call__(self, view: Any) -> tuple[()]:
            if view.event.kind == "tool_call":
                args["deployment"] = "critic-a"
                args["more"].append(2)  # type: ignore[attr-defined]
                view.event.args["d"]["deployment"] = "critic-c"
            return ()

    def plan(a: Any) -> Effect:
        return Effect(verb="stop", target=a["d"].pop("deployment"))

    watch = Watch(Guard([Changes()], bindings=[bind("stop", plan)]))
    ran = []
    watch.wrap(lambda d: ran.append(d), tool="stop")(args)
    assert ran == [{"deployment": "peer-b", "more": [1]}]
    assert watch.events[0].effects[0].target == "peer-b"


def test_a_wrapped_function_keeps_its_kinds_of_parameters_and_defaults() -> None:
    marker = object()

    def tool(a: int, *rest: str, b: int = 2, c: Any = marker, **more: int) -> Any:
        return a, rest, b, c is marker, more

    watch = Watch(Guard([]))
    assert watch.wrap(tool)(1, "x", "y", d=4) == (1, ("x", "y"), 2, True, {"d": 4})
    assert watch.events[0].args == {"a": 1, "rest": ("x", "y"), "b": 2, "more": {"d": 4}}
    with pytest.raises(CallRejected, match="'c' is an object"):
        watch.wrap(tool)(1, c=marker)


def test_a_path_with_a_surrogate_does_not_get_past() -> None:
    guard = Guard([WeightExfiltration(assets=["modèle/**"])], bindings=files())
    name = json.loads('"mod\\udcc3\\udca8le/w.bin"')
    args = {"source_path": name, "destination_path": "usb:/stolen"}
    for given in (args, json.dumps(args)):
        ticket = Watch(guard).before("ops", "copy_file", given)
        assert not ticket.allowed
        assert "lone surrogate" in ticket.decision.message
    assert not Watch(guard).before("ops", "a\udcc3", {}).allowed


@pytest.mark.parametrize("text", ["", "[1]", "7", "{", '{"a": 1} x', "[" * 100_000, "9" * 5000])
def test_text_that_is_no_json_object_is_no_arguments(text: str) -> None:
    with pytest.raises(ValueError):
        parse_args(text)


def test_the_size_is_a_setting() -> None:
    watch = Watch(Guard([], longest_args=100))
    assert watch.before("ops", "t", {"p": "x" * 50}).allowed
    assert not watch.before("ops", "t", {"p": "x" * 200}).allowed


def test_long_arguments_put_our_own_probes_and_bindings_under_the_time_limit() -> None:
    threads = []

    class Slow(WeightExfiltration):
        __module__ = "allegiance.probes.slow"

        def __call__(self, view: Any) -> Any:
            threads.append(threading.current_thread().name)
            return ()

    watch = Watch(Guard([Slow(assets=[])]))
    watch.before("ops", "t", {"p": "x"})
    watch.before("ops", "t", {"p": "x" * 100_000})
    assert threads == ["MainThread", "allegiance-guard"]


def test_a_copy_shares_nothing_that_can_be_changed() -> None:
    data = {"a": [{"b": ("c", [1])}]}
    copied = copy_data(data)
    assert copied == data
    copied["a"][0]["b"][1].append(2)
    assert data == {"a": [{"b": ("c", [1])}]}


def test_a_name_that_no_system_has_is_rejected_before_a_probe_reads_it() -> None:
    guard = Guard([WeightExfiltration(assets=["models/**"])], bindings=files())
    args = {"source_path": "../" * 100_000, "destination_path": "usb:/x"}
    ticket = Watch(guard).before("ops", "copy_file", args)
    assert not ticket.allowed
    assert "has 300,000 characters; at most 4,096 are read" in ticket.decision.message
