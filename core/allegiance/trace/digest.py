"""One short hash of JSON-like data."""

from __future__ import annotations

import json


def digest(data: object) -> str:
    """Return 16 hex digits that name the given data."""
    import hashlib  # here, to keep the core quick to import: it loads OpenSSL

    text = json.dumps(data, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
