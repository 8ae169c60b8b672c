"""Names of what a command acts on: one mapping from paths, remotes, URLs and stores to targets.

The host of a target is the machine (``scp x vault:/y`` and ``https://vault/y`` are both on the host
``vault``); ports and user names are dropped. What lives in a store is below the store's name:
``s3:/bucket/key``, ``hf:/org/repo``, ``docker:/container/path``, ``service:/unit``.
"""

from __future__ import annotations

import posixpath
import re

from allegiance.trace.paths import normalise, split

UNKNOWN = "**"
"""Stands for text that only running the command would tell; a glob that matches anything."""

_MACHINES = ("http", "https", "ftp", "ftps", "sftp", "scp", "ssh", "rsync", "git", "smb", "nfs")
_URL = re.compile(r"^([A-Za-z][\w+.-]*)://(.*)$", re.DOTALL)
_REMOTE = re.compile(r"^(?:[^/@\s]*@)?(\[[^\]]*\]|[^/:\s]+)::?(.*)$", re.DOTALL)
_BARE = re.compile(r"^(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)(?::[^/]*)?$")


def url(text: str) -> str | None:
    """Return the target that a URL names, or None if the text is no URL."""
    match = _URL.match(text)
    if not match:
        return None
    scheme, rest = match[1].lower(), re.split(r"[?#]", match[2])[0] if "**" not in match[2] else ""
    if scheme == "file":
        return "/" + rest.partition("/")[2]
    if scheme not in _MACHINES:
        return f"{scheme}:/{rest.lstrip('/')}"
    authority, slash, path = (rest or match[2]).partition("/")
    return f"{machine(authority)}:{slash or '/'}{path}"


def machine(authority: str) -> str:
    """Return the host of ``user@host:port``."""
    match = _BARE.match(authority)
    name = (match[1] if match else authority.rpartition("@")[2]).strip("[]").replace(":", ".")
    return name.lower() or "localhost"


def remote(text: str) -> str | None:
    """Return the target that ``user@host:path`` or a URL names, or None if the text is a path."""
    if named := url(text):
        return named
    match = _REMOTE.match(text)
    if not match:
        return None
    path = match[2]
    if text[match.end(1) :].startswith("::"):
        path = "/" + path.lstrip("/")
    return f"{machine(match[1])}:{path}"


def base(target: str) -> str:
    """Return the last part of a name; empty where the name is that of a whole tree."""
    path = split(target)[1].rstrip("/")
    last = path.rpartition("/")[2]
    return "" if last in ("**", ".", "..", "~") and path != UNKNOWN else last


def below(directory: str, name: str) -> str:
    """Return the target of a name in a directory."""
    if not name:
        return directory if directory.endswith(("/", ":")) else f"{directory}/"
    if directory == ".":
        return name
    return directory + name if directory.endswith(("/", ":")) else f"{directory}/{name}"


def landings(source: str, target: str, *, many: bool = False, deep: bool = False) -> list[str]:
    """Return where a file or directory may land when it is copied onto a target.

    Args:
        source: What is copied.
        target: Where to; it need not say whether it is a directory.
        many: Whether the target must be a directory.
        deep: Whether directories are copied with all that is in them.
    """
    name = base(source)
    if source.endswith("/") and deep and name:
        name += "/"
    path = split(target)[1]
    if not name:
        return [below(target, "")]
    if many or path in ("", ".", "..", "~") or path.endswith(("/", "/..")):
        return [below(target, name)]
    return [target, below(target, name)]


def join(directory: str, path: str) -> str:
    """Return a path as seen from a directory, normalised; a trailing slash is kept."""
    joined = normalise(posixpath.join(directory, path)) or "."
    slash = path.endswith(("/", "/.", "/..")) and not joined.endswith("/")
    return joined + "/" if slash and joined not in (".", "..") else joined
