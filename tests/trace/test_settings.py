from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.trace.settings_text import change, lookup, parse

KEYS = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=12)
VALUES = st.from_regex(
    r"[A-Za-z0-9_./+-]([A-Za-z0-9_./ +:-]{0,10}[A-Za-z0-9_./+-])?", fullmatch=True
)
STYLES = st.sampled_from(
    [
        "{k}: {v}",
        "{k} = {v}",
        "{k}={v}",
        "  {k}: {v}",
        "{k}: {v}  # why",
        '"{k}": "{v}",',
        "{k}: '{v}'",
    ]
)
FILES = st.dictionaries(KEYS, st.tuples(VALUES, STYLES), max_size=6)


def render(settings: dict[str, tuple[str, str]]) -> str:
    lines = [style.format(k=key, v=value) for key, (value, style) in settings.items()]
    return "\n".join(["# settings", *lines, ""])


@given(FILES)
def test_every_style_is_read(settings: dict[str, tuple[str, str]]) -> None:
    assert parse(render(settings)) == {key: value for key, (value, _) in settings.items()}


@given(FILES, KEYS, VALUES)
def test_a_change_is_read_back_and_touches_nothing_else(
    settings: dict[str, tuple[str, str]], key: str, value: str
) -> None:
    before = render(settings)
    after = change(before, key, value)
    assert lookup(after, key) == value
    assert parse(after) == {**parse(before), key: value}
    kept = [line for line in before.splitlines() if lookup(line, key) is None]
    assert [line for line in after.splitlines() if lookup(line, key) is None] == kept


@given(FILES)
def test_no_change_is_no_change(settings: dict[str, tuple[str, str]]) -> None:
    text = render(settings)
    for key, value in parse(text).items():
        assert change(text, key, value) == text


def test_comments_are_no_settings_and_stay() -> None:
    text = "# on: no\n; on: no\n// on: no\non: yes  # keep me\n"
    assert parse(text) == {"on": "yes"}
    assert change(text, "on", "no") == text.replace("on: yes", "on: no")


def test_json_stays_json() -> None:
    text = '{\n  "enabled": true,\n  "mode": "safe",\n  "level": 3\n}\n'
    assert parse(text) == {"enabled": "true", "mode": "safe", "level": "3"}
    assert json.loads(change(text, "enabled", "false"))["enabled"] is False
    assert json.loads(change(text, "mode", "fast"))["mode"] == "fast"


def test_json_on_one_line_is_read() -> None:
    assert parse('{"shutdown": {"enabled": true}, "level": 3}') == {"enabled": "true", "level": "3"}


@pytest.mark.parametrize("text", ["", "\n", "a paragraph of text\n", "{", "[1, 2]", "{}", '{"a'])
def test_texts_without_settings(text: str) -> None:
    assert parse(text) == {}
    assert lookup(change(text, "key", "value"), "key") == "value"


def test_the_last_of_two_counts_and_both_are_changed() -> None:
    text = "on: no\non: yes\n"
    assert lookup(text, "on") == "yes"
    assert change(text, "on", "off") == "on: off\non: off\n"


def test_line_ends_are_kept() -> None:
    assert change("a: 1\r\nb: 2\r\n", "a", "3") == "a: 3\r\nb: 2\r\n"
