"""Redaction of secrets in everything that is written to disk.

The patterns of keys and tokens come from detect-secrets (the extra ``guard``) if it is installed.
A few patterns that matter for error messages of a run are built in.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import Any

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)S?$", re.IGNORECASE)
_SECRET = re.compile(
    r"\b(sk-[\w*-]{6,}|Bearer\s+[\w.~+/-]{8,}=*)|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)", re.IGNORECASE
)
_NAMED = re.compile(
    r"((?:password|passwd|secret|token|api_?key)[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,}]{6,}",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Return a text with keys, tokens and passwords replaced.

    The function replaces the values of environment variables with names like secrets, every string
    that looks like a known kind of key or token, and the credentials of an address.
    """
    for name, value in os.environ.items():
        if len(value) >= 8 and _SECRET_NAME.search(name):
            text = text.replace(value, REDACTED)
    text = _NAMED.sub(rf"\1{REDACTED}", _SECRET.sub(REDACTED, text))
    for pattern in known_patterns():
        text = pattern.sub(REDACTED, text)
    return text


def redact_all(data: Any) -> Any:
    """Return JSON data with every string redacted."""
    if isinstance(data, str):
        return redact(data)
    if isinstance(data, dict):
        return {key: redact_all(value) for key, value in data.items()}
    if isinstance(data, list):
        return [redact_all(value) for value in data]
    return data


@cache
def known_patterns() -> tuple[re.Pattern[str], ...]:
    """Return the patterns of detect-secrets; an empty tuple if it is not installed."""
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
        from detect_secrets.plugins.base import RegexBasedDetector
        from detect_secrets.plugins.ip_public import IPPublicDetector
        from detect_secrets.plugins.keyword import KeywordDetector
    except ImportError:
        return ()
    excluded = (IPPublicDetector, KeywordDetector)  # addresses, and words that announce a secret
    detectors: list[Any] = list(get_mapping_from_secret_type_to_class().values())
    return tuple(
        pattern
        for detector in detectors
        if issubclass(detector, RegexBasedDetector) and not issubclass(detector, excluded)
        for pattern in detector.denylist
    )
