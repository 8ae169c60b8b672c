from __future__ import annotations

import pytest

from allegiance.trace.redact import redact


@pytest.mark.parametrize(
    "secret",
    [
        "sk-abcdef123456",
        "sk-proj-Ab_12-34567",
        "sk-ant-api03-x_y-z",
        "sk-ab***********yz",
        "Bearer abc.def-ghi",
        "Bearer aGVsbG8gd29ybGQ=",
    ],
)
def test_what_looks_like_a_key_goes(secret: str) -> None:
    shown = redact(f"Incorrect key provided: {secret}. See the manual.")
    assert secret not in shown
    assert shown.startswith("Incorrect key provided: [redacted]")
    assert shown.endswith("See the manual.")


def test_credentials_of_an_address_go_and_the_address_stays() -> None:
    assert redact("http://me:s3cret@host:8000/v1") == "http://[redacted]@host:8000/v1"
    assert redact("http://host:8000/v1?x=a@b") == "http://host:8000/v1?x=a@b"


@pytest.mark.parametrize("name", ["X_API_KEY", "x_token", "MY_SECRET", "DB_PASSWORD", "API_KEYS"])
def test_values_of_variables_named_like_secrets_go(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "correct horse battery")
    monkeypatch.setenv("X_HOME", "/home/somebody")
    text = "a correct horse battery, twice: correct horse battery; /home/somebody"
    assert redact(text) == "a [redacted], twice: [redacted]; /home/somebody"


def test_short_values_stay_since_they_would_take_the_text_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("X_KEY", "a")
    assert redact("an apple") == "an apple"


@pytest.mark.parametrize("text", ["", "ask-me", "risk-averse people", "Bearer of news", "a@b.c"])
def test_innocent_texts_stay(text: str) -> None:
    assert redact(text) == text
