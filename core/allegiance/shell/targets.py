"""Maps paths, remotes, URLs and objects in stores to the targets of effects.

The host of a target is the machine: ``scp x vault:/y`` and ``https://vault/y`` are both on the host
``vault``. Ports and user names are dropped. An object in a store is below the store's name:
``s3:/bucket/key``, ``hf:/org/repo``, ``docker:/container/path``, ``service:/unit``.
"""

from __future__ import annotations

import posixpath
import re

from allegiance.reading import reads_text
from allegiance.trace.paths import normalise, split

UNKNOWN = "**"
"""A glob that matches anything; stands for text that is known only when the command runs."""

_MACHINES = ("http", "https", "ftp", "ftps", "sftp", "scp", "ssh", "rsync", "git", "smb", "nfs")
_URL = re.compile(r"^([A-Za-z][\w+.-]*)://(.*)$", re.DOTALL)
_REMOTE = re.compile(r"^(?:[^/@\s]*@)?(\[[^\]]*\]|[^/:\s]+)::?(.*)$", re.DOTALL)
_BARE = re.compile(r"^(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)(?::[^/]*)?$")


@reads_text("a", "://", ":", "/", "?", "#", "@", "http://", limit=None)
def url(text: str) -> str | None:
    """Return the target that a URL names, or None if the string is not a URL."""
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


@reads_text("[", "]", "@", ":", "a", limit=None)
def machine(authority: str) -> str:
    """Return the host of ``user@host:port``."""
    match = _BARE.match(authority)
    name = (match[1] if match else authority.rpartition("@")[2]).strip("[]").replace(":", ".")
    return name.lower() or "localhost"


@reads_text("[", "]", "@", ":", "::", "/", "a", "://", limit=None)
def remote(text: str) -> str | None:
    """Return the target that ``user@host:path`` or a URL names, or None if the string is a path."""
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
    """Return the last part of a target, or an empty string if the target is a whole tree."""
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
        source: The file or directory.
        target: Where it is copied; the name need not tell whether that is a directory.
        many: Whether the target must be a directory.
        deep: Whether directories are copied with everything in them.
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
    """Return a path, relative to a directory, normalised; a trailing slash is kept."""
    joined = normalise(posixpath.join(directory, path)) or "."
    slash = path.endswith(("/", "/.", "/..")) and not joined.endswith("/")
    return joined + "/" if slash and joined not in (".", "..") else joined
