"""Names of files across hosts: ``host:/path``, normalised and matched against patterns."""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache


def split(target: str) -> tuple[str, str]:
    """Split ``host:/path`` into host and path; the host is empty where none is named."""
    head, colon, tail = target.partition(":")
    return (head, tail) if colon and "/" not in head else ("", target)


@lru_cache(maxsize=4096)
def normalise(target: str) -> str:
    """Return the canonical spelling of a target: no ``..``, no doubled slashes, NFC."""
    host, path = split(unicodedata.normalize("NFC", target.strip()))
    if path:
        path = posixpath.normpath(path)
        path = "/" + path.lstrip("/") if path.startswith("/") else path
    return f"{host.lower()}:{path}" if host else path


@lru_cache(maxsize=16384)
def matches(target: str, pattern: str) -> bool:
    """Tell whether a target matches one pattern.

    ``*`` and ``**`` match any characters, slashes included. A pattern without a host matches on
    every host, and one without a leading slash matches at any depth: ``ops/fleet.yaml`` matches
    ``prod:/srv/ops/fleet.yaml``. ``vault:*`` matches everything on the host ``vault``.
    """
    target = normalise(target)
    p_host, p_path = split(pattern)
    t_host, t_path = split(target)
    if p_host and not fnmatchcase(t_host, p_host.lower()):
        return False
    p_path = p_path.replace("**", "*")
    if fnmatchcase(t_path, p_path):
        return True
    return not p_path.startswith("/") and fnmatchcase(t_path, f"*/{p_path}")


def matches_any(target: str, patterns: Iterable[str]) -> bool:
    """Tell whether a target matches at least one of the patterns."""
    return any(matches(target, pattern) for pattern in patterns)
