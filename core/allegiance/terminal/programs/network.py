"""Programs that reach other hosts: ssh, scp and rsync."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from allegiance.terminal.call import Call, Program
from allegiance.terminal.files import DENIED, MISSING, FileError, base, inside
from allegiance.terminal.globs import matches
from allegiance.terminal.options import Options
from allegiance.terminal.programs import _transfer
from allegiance.terminal.programs._transfer import below, ensure_directory, same_file, tree

_UNRESOLVED = "ssh: Could not resolve hostname {}: Name or service not known"
_SCP = "r p q v C B 3 4 6 A O T P= i= o= F= c= l= S= J="
_SSH = "p= i= o= l= F= J= q v T t A N f n 4 6 C L= R= D= W= E= b= c= e= m= x X Y"
_RSYNC = (
    "a,archive r,recursive v,verbose z,compress n,dry-run delete delete-after remove-source-files "
    "exclude= include= progress P h,human-readable e,rsh= u,update t p o g l c,checksum q,quiet "
    "stats i,itemize-changes partial inplace bwlimit= info= W S x D L H A X del"
)


@dataclass(frozen=True)
class _End:
    """A source or a target: its place, and how it was written."""

    place: str
    path: str
    far: bool
    directory: bool

    @property
    def contents(self) -> bool:
        """Whether the content of a directory is meant, and not the directory."""
        return self.path.endswith("/") or base(self.path) == "."


class UnknownHost(Exception):
    """A host that is not in the world."""


def home(call: Call, host: str) -> str:
    """Return the directory that a login on a host begins in."""
    path = f"/home/{call.files.account}"
    status = call.files.status(f"{host}:{path}")
    return path if status is not None and status.directory else "/"


def _host(call: Call, name: str) -> str:
    name = name.rpartition("@")[2].lower()
    if name in ("localhost", "127.0.0.1"):
        return call.shell.host
    if name not in call.files.world.hosts:
        raise UnknownHost(name)
    return name


def _end(call: Call, text: str) -> _End:
    """Return what ``host:path`` or a path names."""
    machine, colon, path = text.partition(":")
    far = bool(colon) and "/" not in machine
    if not far:
        host, path = call.shell.host, text
        place = call.place(path)
    else:
        host = _host(call, machine)
        with call.shell.apart(host=host):
            call.shell.cwd = home(call, host)
            place = call.place(path.removeprefix("~/") or ".")
    status = call.files.status(place)
    return _End(place, path, far, status is not None and status.directory)


def _ssh(call: Call) -> int:
    options = call.options(_SSH, first=True)
    if not options.operands:
        call.shell.complain("usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] destination [command]")
        return 255
    name, *words = options.operands
    try:
        host = _host(call, name)
    except UnknownHost:
        call.shell.complain(_UNRESOLVED.format(name.rpartition("@")[2]))
        return 255
    script = " ".join(words) if words else call.shell.stdin.take().text
    with call.shell.apart(host=host):
        call.shell.cwd = home(call, host)
        call.shell.variables = {"HOME": [call.shell.cwd]}
        return call.shell.alone(script)


def _scp(call: Call) -> int:
    options = call.options(_SCP)
    if len(options.operands) < 2:
        call.shell.complain("usage: scp [-346ABCOpqRrsTv] source ... target")
        return 1
    try:
        *sources, target = (_end(call, text) for text in options.operands)
    except UnknownHost as error:
        call.shell.complain(_UNRESOLVED.format(error))
        call.shell.complain("scp: Connection closed")
        return 255
    code = 0
    for source in sources:
        try:
            _send(call, options, source, target, many=len(sources) > 1)
        except FileError as error:
            call.shell.complain(f"scp: {error}")
            code = 1
    return code


def _send(call: Call, options: Options, source: _End, target: _End, *, many: bool) -> None:
    """Copy one source of scp.

    Raises:
        FileError: With the message that scp prints.
    """
    status = call.files.status(source.place)
    if status is None:
        display = f'stat local "{source.path}"' if not source.far else source.path
        raise FileError(f"{display}: {MISSING}")
    if status.directory and not options.has("r"):
        side = "local " if not source.far else ""
        name = base(source.place) if target.directory else ""
        _transfer.intend_tree(call.files, source.place, below(target.place, name))
        raise FileError(f'{side}"{source.path}" is not a regular file')
    if (many or target.path.endswith("/")) and not target.directory:
        raise FileError(f'dest open "{target.path}": {MISSING}')
    place = target.place
    if target.directory:
        place = inside(place, base(source.place))
    if not status.directory:
        _copied(call, source.place, place, target)
        return
    for path, folder in list(tree(call.files, source.place)):
        if folder:
            try:
                ensure_directory(call.files, below(place, path))
            except FileError as error:
                raise FileError(f"realpath {below(target.path, path)}: {error}") from None
        else:
            _copied(call, below(source.place, path), below(place, path), target)


def _copied(call: Call, source: str, place: str, target: _End) -> None:
    try:
        call.files.copy(source, place)
    except FileError as error:
        path = place.partition(":")[2]
        raise FileError(
            f'dest open "{path}": {error}\n'
            f"scp: failed to upload file {source.partition(':')[2]} to {path}"
        ) from None


def _rsync(call: Call) -> int:
    options = call.options(_RSYNC)
    if len(options.operands) < 2:
        call.shell.complain("rsync error: syntax or usage error (code 1) at main.c(1795)")
        return 1
    try:
        *sources, target = (_end(call, text) for text in options.operands)
    except UnknownHost as error:
        call.shell.complain(_UNRESOLVED.format(error))
        call.shell.complain("rsync error: unexplained error (code 255) at io.c(231) [sender=3.2.7]")
        return 255
    if target.far and any(source.far for source in sources):
        call.shell.complain("The source and destination cannot both be remote.")
        return 1
    sync = _Sync(call, options, target)
    for source in sources:
        sync.send(source)
    sync.report()
    if sync.failed:
        call.shell.complain(
            "rsync error: some files/attrs were not transferred (see previous errors) (code 23) "
            "at main.c(1338) [sender=3.2.7]"
        )
        return 23
    return 0


def _order(path: str, folder: bool) -> list[tuple[bool, str]]:
    """Return what rsync sorts by: in each directory, the files come before the directories."""
    parts = path.split("/") if path else []
    return [(index + 1 < len(parts) or folder, part) for index, part in enumerate(parts)]


class _Sync:
    """One call of rsync."""

    def __init__(self, call: Call, options: Options, target: _End) -> None:
        self.call = call
        self.options = options
        self.target = target
        self.failed = False
        self.names: list[str] = []
        self.sent = self.total = 0

    def complain(self, what: str, path: str, error: object, number: int) -> None:
        self.failed = True
        self.call.shell.complain(f'rsync: [sender] {what} "{path}" failed: {error} ({number})')

    def send(self, source: _End) -> None:
        files = self.call.files
        status = files.status(source.place)
        if status is None:
            self.complain("link_stat", source.place.partition(":")[2], MISSING, 2)
            return
        place = self.target.place
        if not status.directory:
            into = self.target.directory or self.target.path.endswith("/")
            if into and not self.target.directory:
                self.folder(place, "")
            self.file(
                source.place,
                inside(place, base(source.place)) if into else place,
                base(source.place),
            )
            return
        if not self.options.has("a", "r"):
            self.call.print(f"skipping directory {source.path.rstrip('/')}\n")
            return
        name = "" if source.contents else base(source.place)
        root = below(place, name)
        rows = [row for row in tree(files, source.place) if not self.excluded(row[0])]
        rows.sort(key=lambda row: _order(*row))
        if name and not self.target.directory:
            self.folder(place, "")
        for path, folder in rows:
            display = "/".join(part for part in (name, path) if part)
            if folder:
                self.folder(below(root, path), display)
                if not display and self.names[-1:] != ["./"] and self.options.has("a"):
                    self.names.append("./")  # its date is that of the source
            else:
                self.file(below(source.place, path), below(root, path), display)
        if self.options.has("delete", "delete-after", "del"):
            self.delete(root, {path for path, _ in rows})

    def excluded(self, path: str) -> bool:
        globs = [glob.strip("/") for glob in self.options.all("exclude")]
        parts = path.split("/")
        return any(matches(part, glob) for part in parts for glob in globs) or path in globs

    def folder(self, place: str, display: str) -> None:
        if self.call.files.status(place) is None:
            self.names.append(f"{display}/" if display else "./")
            self.act(lambda: self.call.files.make(place), place)

    def file(self, source: str, place: str, display: str) -> None:
        files = self.call.files
        status = files.status(source)
        self.total += status.size if status else 0
        if same_file(files, source, place):
            return
        self.names.append(display)
        self.sent += status.size if status else 0
        self.act(lambda: files.copy(source, place), place)
        if self.options.has("remove-source-files") and not self.options.has("n"):
            self.act(lambda: files.remove(source), source)

    def delete(self, root: str, saved_state: set[str]) -> None:
        rows = list(tree(self.call.files, root))
        for path, folder in reversed(rows):
            if path not in saved_state and not self.excluded(path):
                self.names.append(f"deleting {path}{'/' * folder}")
                place = below(root, path)
                self.act(partial(self.call.files.remove, place), place)

    def act(self, action: Callable[[], None], place: str) -> None:
        if self.options.has("n"):
            return
        try:
            action()
        except FileError as error:
            number = 13 if str(error) == DENIED else 2
            self.complain("mkstemp", place.partition(":")[2], error, number)

    def report(self) -> None:
        if not self.options.has("v", "i", "progress", "P") or self.options.has("q"):
            return
        sent, received = self.sent + 90, 35
        self.call.print("sending incremental file list\n")
        self.call.print("".join(f"{name}\n" for name in self.names))
        total = sent + received
        self.call.print(
            f"\nsent {sent:,} bytes  received {received} bytes  {total * 2:,}.00 bytes/sec\n"
            f"total size is {self.total:,}  speedup is {self.total / total:,.2f}"
            f"{' (DRY RUN)' * self.options.has('n')}\n"
        )


PROGRAMS: dict[str, Program] = {"ssh": _ssh, "scp": _scp, "rsync": _rsync}
