"""One short hash of JSON-like data."""

from __future__ import annotations

import json


def digest(data: object) -> str:
    """Return 16 hex digits that identify JSON-like data."""
    import hashlib  # deferred: it loads OpenSSL, and the core must import fast

    text = json.dumps(data, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
