"""Kinds of secrets that are found by form, by name in a text, and by name in data."""

from __future__ import annotations

import base64

import pytest

from allegiance.trace.redact import DEEPEST, OVERLAP, REDACTED, WINDOW, redact, redact_all

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAu1SU1LfVLPHC\nozMxH2Mo4lgOEePz"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"{PEM}\n-----END RSA PRIVATE KEY-----", "MIIEowIBAAK"),
        (PEM, "MIIEowIBAAK"),
        ("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtn"),
        ('{"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}', "wJalrXUtn"),
        ("AIza" + "SyA1234567890abcdefghijklmnopqrstuv", "SyA123"),
        ("hf_" + "abcdefghijklmnopqrstuvwxyzABCDEFGH", "abcdef"),
        ("gsk_" + "abcdefghijklmnopqrstuvwxyz0123456789", "abcdef"),
        ("github_pat_" + "11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123456789", "11ABC"),
        ("redis://:hunter2secret@host:6379", "hunter2secret"),
        ("https://user:hun@ter2@example.com/x", "ter2"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpw"),
        ('password: "correct horse battery staple"', "horse"),
        ("password: abc12", "abc12"),
        ("DB_PASS=hunter2", "hunter2"),
        ('{\\"password\\": \\"hunter2\\"}', "hunter2"),
    ],
)
def test_a_secret_in_a_text_goes(text: str, secret: str) -> None:
    shown = redact(f"before {text} after")
    assert secret not in shown
    assert shown.startswith("before ")


def test_words_after_basic_stay() -> None:
    assert redact("basic requirements, Basic training") == "basic requirements, Basic training"


def test_fields_named_like_secrets_lose_their_values() -> None:
    data = {
        "password": "a",
        "headers": {"Authorization": "b", "Accept": "c"},
        "apiKey": ["d"],
        "credentials": {"user": "e"},
        "use_token": True,
        "input_tokens": 5,
    }
    assert redact_all(data) == {
        "password": REDACTED,
        "headers": {"Authorization": REDACTED, "Accept": "c"},
        "apiKey": [REDACTED],
        "credentials": {"user": REDACTED},
        "use_token": True,
        "input_tokens": 5,
    }


def test_keys_of_data_are_redacted_and_endless_nesting_ends() -> None:
    assert redact_all({"sk-abcdef123456": 1}) == {REDACTED: 1}
    data: object = "x"
    for _ in range(2 * DEEPEST):
        data = [data]
    assert repr(redact_all(data)).count("[[") <= DEEPEST + 1


def test_a_variable_is_found_encoded_and_so_is_the_password_of_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("X_PAT", "plain value 998877")
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p4ssw0rdX@h/db")
    encoded = base64.b64encode(b"plain value 998877").decode().rstrip("=")
    assert redact(f"a {encoded} b plain%20value%20998877 c p4ssw0rdX") == (
        f"a {REDACTED} b {REDACTED} c {REDACTED}"
    )


@pytest.mark.parametrize("start", [0, WINDOW - 20, WINDOW - OVERLAP - 20, 3 * WINDOW])
def test_a_known_form_is_found_wherever_windows_meet(start: int) -> None:
    pytest.importorskip("detect_secrets")
    key = "sq0csp-" + "a1B2" * 10 + "abc"
    assert key not in redact(" " * start + key + " " * WINDOW)
