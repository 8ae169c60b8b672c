"""Keeping secrets out of what is written."""

from __future__ import annotations

import os
import re

_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)S?$", re.IGNORECASE)
_SECRET = re.compile(r"\b(sk-[\w*-]{6,}|Bearer\s+[\w.~+/-]{8,}=*)|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")


def redact(text: str) -> str:
    """Replace keys, tokens and passwords in a text.

    Replaced are the values of environment variables that are named like secrets, texts of the
    form of an API key or a bearer token, and the credentials of an address.
    """
    for name, value in os.environ.items():
        if len(value) >= 8 and _SECRET_NAME.search(name):
            text = text.replace(value, "[redacted]")
    return _SECRET.sub("[redacted]", text)
