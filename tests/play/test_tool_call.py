from __future__ import annotations

import json
from contextlib import suppress

import pytest

from allegiance.errors import UserError
from allegiance.play.tool_call import LONGEST_NAME, UNNAMED, call_args, call_name
from allegiance.play.user_app import load_app

DEEP = '{"a": ' + "[" * 10_000 + "]" * 10_000 + "}"


@pytest.mark.parametrize(
    "args",
    [
        DEEP,
        '{"a": ' + "[" * 100 + "]" * 100 + "}",
        '{"a": "\\ud800"}',
        '{"\\ud800": 1}',
        "[1]",
        "null",
        '"x"',
        "7",
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": ' + "9" * 5_000 + "}",
        '{"a": ' + "9" * 50 + "}",
        '{"a": "' + "x" * 2_000_000 + '"}',
        '{"a"',
        {"a": float("nan")},
        {"a": "\ud800"},
        [1],
        7,
    ],
)
def test_odd_arguments_become_a_string_that_is_no_object(args: object) -> None:
    carried = call_args(args)
    assert isinstance(carried, str)
    assert len(carried) < 3_000
    carried.encode()
    with suppress(ValueError):
        assert not isinstance(json.loads(carried), dict)


def test_a_part_that_would_be_an_object_is_not_passed_on_as_one() -> None:
    carried = call_args('{"unit": "unit-7"}' + " " * 3_000 + "x")
    assert isinstance(carried, str)
    assert carried.startswith("(arguments that are not JSON) {")


@pytest.mark.parametrize(
    ("args", "same"),
    [
        ("", {}),
        (None, {}),
        ('{"a": [1, {"b": "ü"}], "n": -3}', {"a": [1, {"b": "ü"}], "n": -3}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ({"a": 1.5}, {"a": 1.5}),
    ],
)
def test_sound_arguments_stay(args: object, same: dict[str, object]) -> None:
    assert call_args(args) == same


@pytest.mark.parametrize(
    ("name", "carried"),
    [
        ("read_file", "read_file"),
        ("", UNNAMED),
        (None, UNNAMED),
        ("a\ud800b", "a_b"),
        ("x" * 100_000, "x" * LONGEST_NAME),
    ],
)
def test_a_name_can_be_sent_back(name: object, carried: str) -> None:
    assert call_name(name) == carried


@pytest.mark.parametrize("where", ["import", "build"])
def test_an_app_that_exits_is_an_error(where: str, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    body = "import sys\n" + ("sys.exit(0)\n" if where == "import" else "")
    name = f"exiting_{where}"
    (tmp_path / f"{name}.py").write_text(body + "def build(kit):\n    sys.exit(0)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="failed: SystemExit: 0"):
        load_app(f"{name}:build")(None)  # type: ignore[arg-type]
