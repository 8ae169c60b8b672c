"""Redaction of secrets in everything that is written to disk.

Three things find a secret: the name of a field or variable, the form of a known kind of key
(``secret_forms``), and the patterns of detect-secrets (the extra ``guard``) if it is installed.
docs/guard.md says what is not found. All of it takes time in proportion to the length of the text.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote, urlsplit

from allegiance.reading import reads_text
from allegiance.trace.secret_forms import (
    ASSIGNED,
    BASIC,
    CREDENTIALS,
    FORMS,
    PASSWORD_NAMES,
    SECRET_NAMES,
    SECRET_VARIABLE,
    WHOLE_NAMES,
)

REDACTED = "[redacted]"
SHORTEST_VALUE = 8
"""The shortest value of a variable that is looked for; a shorter one is part of common words."""
DEEPEST = 128
"""The deepest nesting of data; what is deeper is redacted whole."""
WINDOW, OVERLAP = 2048, 256
"""What a pattern of detect-secrets sees at once, since some take quadratic time, and how many
characters of it the next window repeats: a longer key is found in part."""

_NOT_USED = (
    "IPPublicDetector",  # addresses are no secrets
    "KeywordDetector",  # words that announce a secret
    # the forms of these are in ``secret_forms``; most of their own patterns take quadratic time
    "AWSKeyDetector",
    "BasicAuthDetector",
    "CloudantDetector",
    "IbmCloudIamDetector",
    "IbmCosHmacDetector",
    "JwtTokenDetector",
    "NpmDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "SoftlayerDetector",
)
_DELIMITERS = (
    *("/", "#/", "://a:", "://", "@", "-", "=", "'", '"', "\n", "password", "password=", "A", "0"),
    *('secret="', "token: '", "sk-", "xsk-", "Bearer ", "Basic ", "Basic YTpi ", "eyJ", "eyJ-"),
    *("eyJa.", "-----BEGIN PRIVATE KEY-----", "-----BEGIN ", "key ", "AKIA", "xoxb-1-", "--token "),
    *("AccountKey=", "aws", "M", "1:", "\\", '\\"password\\": \\"', "://:", "SG.", "_PASS="),
)


@reads_text(*_DELIMITERS, limit=None)
def redact(text: str) -> str:
    """Return a text with keys, tokens and passwords replaced.

    The function replaces the values of environment variables with names like secrets, every string
    that looks like a known kind of key or token, private keys, values that are assigned to a name
    like ``password``, and the credentials of an address.
    """
    return _redact(text, _environment_secrets())


def redact_all(data: Any) -> Any:
    """Return JSON data with every string redacted, and whole values under a name like a secret's.

    ``{"password": "x", "headers": {"Authorization": "y"}}`` loses both values.
    """
    return _redact_all(data, _environment_secrets(), 0)


def is_secret_name(name: str) -> bool:
    """Tell whether a field of this name holds a secret: ``dbPassword``, ``x-api-key``."""
    plain = "".join(char for char in name[-64:].lower() if char.isalnum())
    ends = name[-6:].lower().endswith(("_pass", "-pass", "_pwd", "-pwd"))
    return plain in WHOLE_NAMES or plain.endswith(SECRET_NAMES) or ends


def _redact_all(data: Any, known: tuple[str, ...], depth: int) -> Any:
    if isinstance(data, str):
        return _redact(data, known)
    if depth > DEEPEST and isinstance(data, (dict, list)):
        return REDACTED
    if isinstance(data, dict):
        return {
            _redact(key, known) if isinstance(key, str) else key: _hide(value, str(key), depth + 1)
            if isinstance(key, str) and is_secret_name(key)
            else _redact_all(value, known, depth + 1)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [_redact_all(value, known, depth + 1) for value in data]
    return data


def _hide(value: Any, name: str, depth: int) -> Any:
    """Return the value of a secret field without its content; flags and empty values stay."""
    if isinstance(value, dict) and depth <= DEEPEST:
        return {key: _hide(item, name, depth + 1) for key, item in value.items()}
    if isinstance(value, list) and depth <= DEEPEST:
        return [_hide(item, name, depth + 1) for item in value]
    if isinstance(value, bool) or value is None or value == "":
        return value
    if isinstance(value, (int, float)):
        plain = "".join(char for char in name.lower() if char.isalnum())
        return REDACTED if plain.endswith(PASSWORD_NAMES) else value
    return REDACTED


@reads_text("/", "password=", "://a:", "aws", limit=None)
def _redact(text: str, known: tuple[str, ...]) -> str:
    for value in known:
        text = text.replace(value, REDACTED)
    text = CREDENTIALS.sub(REDACTED, text)
    for form in FORMS:
        text = form.sub(REDACTED, text)
    text = BASIC.sub(_redact_basic, text)
    for assigned in ASSIGNED:
        text = assigned.sub(rf"\1{REDACTED}", text)
    spans = sorted(span for pattern in known_patterns() for span in _spans(pattern, text))
    return _cut_out(text, spans) if spans else text


@reads_text("Basic ", "YTpi", "=", limit=None)
def _redact_basic(match: re.Match[str]) -> str:
    """Redact what decodes to ``user:password``; other words follow "basic" too."""
    value = match[2]
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:
        decoded = b""
    return f"{match[1]}{REDACTED}" if b":" in decoded and decoded.isascii() else match[0]


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    """Yield where a pattern matches, window by window."""
    for start in range(0, max(len(text) - OVERLAP, 1), WINDOW - OVERLAP):
        for match in pattern.finditer(text, start, start + WINDOW):
            yield match.span()


def _cut_out(text: str, spans: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    end = 0
    for start, stop in spans:
        if start >= end:
            pieces += [text[end:start], REDACTED]
        end = max(end, stop)
    return "".join([*pieces, text[end:]])


def _environment_secrets() -> tuple[str, ...]:
    """Return what is secret in the environment, longest first: a part of it may be secret too."""
    values = {form for name, value in os.environ.items() for form in _forms(name, value)}
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


@lru_cache(maxsize=512)
@reads_text("://a:", "@", "_KEY", limit=None)
def _forms(name: str, value: str) -> tuple[str, ...]:
    """Return a variable's secret in the forms that it may appear in; none if it has no secret."""
    secret = value if SECRET_VARIABLE.search(name[-64:]) else _password(value)
    if secret is None or len(secret) < SHORTEST_VALUE:
        return ()
    encoded = base64.b64encode(secret.encode("utf-8", "surrogateescape")).decode().rstrip("=")
    return (secret, encoded, quote(secret, safe="", errors="surrogateescape"))


def _password(value: str) -> str | None:
    """Return the password of an address, or None."""
    try:
        return urlsplit(value).password if "://" in value else None
    except ValueError:
        return None


@cache
def known_patterns() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of detect-secrets; an empty tuple if it is not installed."""
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
        from detect_secrets.plugins.base import RegexBasedDetector
    except ImportError:
        return ()
    detectors: list[Any] = list(get_mapping_from_secret_type_to_class().values())
    return tuple(
        pattern
        for detector in detectors
        if issubclass(detector, RegexBasedDetector) and detector.__name__ not in _NOT_USED
        for pattern in detector.denylist
    )
