"""The files of a simulated world, as programs see and change them.

Every change is an effect, applied to a state of its own at once, so that the next program sees it.
What is refused is kept as well: it is what the command intended.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from allegiance.reading import TooLong
from allegiance.shell.budget import charge
from allegiance.terminal.files import (
    BLOCK,
    DENIED,
    FULL,
    IS_DIRECTORY,
    MISSING,
    NOT_DIRECTORY,
    FileError,
    Status,
    base,
    inside,
    parent,
)
from allegiance.trace.effects import Effect
from allegiance.trace.paths import check_name, split
from allegiance.world.state import File, World, apply


class WorldFiles:
    """The files of a world.

    Attributes:
        world: The state after what was done so far.
        account: The name of who works with the files.
        effects: What was done.
        denied: What was tried and refused.
    """

    def __init__(self, world: World, account: str) -> None:
        self.world = world
        self.account = account
        self.effects: list[Effect] = []
        self.denied: list[Effect] = []
        self._rehearsing = False
        self._truncated: dict[str, File | None] = {}
        self._tree = _tree(world)

    def status(self, place: str) -> Status | None:
        """Return what a place is, or None if there is nothing."""
        file = self.world.files.get(place)
        if file is not None:
            sealed = self.world.hosts[split(place)[0]].sealed
            writable = not (file.locked or sealed)
            return Status(False, file.size, file.modified, file.owner, writable)
        if place not in self._tree:
            return None
        files = self.world.files
        dates = [files[n].modified for c in self._tree[place] if (n := inside(place, c)) in files]
        return Status(True, BLOCK, max(dates, default=self.world.today), "root")

    def names(self, place: str) -> list[str]:
        """Return the names in a directory, in the order of their characters."""
        if place not in self._tree:
            raise FileError(NOT_DIRECTORY if place in self.world.files else MISSING)
        charge(0, len(self._tree[place]))
        return sorted(self._tree[place])

    def read(self, place: str) -> str:
        """Return the content of a file."""
        self._reach(place)
        if place in self._tree:
            raise FileError(IS_DIRECTORY)
        if place not in self.world.files:
            raise FileError(MISSING)
        content = self.world.files[place].content
        charge(len(content))
        return content

    def note_read(self, place: str, text: str) -> None:
        """Record that a program has shown content of a file."""
        self._record(Effect.unchecked("read", place, value=text))

    def check_write(self, place: str) -> None:
        """Check that a file can be opened for writing."""
        if fault := self._fault(place):
            raise FileError(fault)

    def truncate(self, place: str) -> None:
        """Empty a file that is opened for writing; the effect follows when it is written."""
        self.check_write(place)
        self._truncated.setdefault(place, self.world.files.get(place))
        self._apply(Effect.unchecked("write", place, value=""))

    def write(self, place: str, text: str, origin: str | None = None) -> None:
        """Replace the content of a file; ``origin`` is the file whose content the text is."""
        now = self.world.files.get(place)
        old = self._truncated.pop(place, now)
        before = old.content if old else None
        source = self.world.files.get(origin) if origin and origin != place else None
        if origin and source is not None and source.content == text:
            effect = Effect.unchecked("copy", place, source=origin, before=before, value=text)
            grown = source.size
        else:
            effect = Effect.unchecked("write", place, before=before, value=text)
            grown = len(text.encode())
        self._do(effect, self._fault(place), grown - (now.size if now else 0))

    def make(self, place: str) -> None:
        """Make a directory."""
        fault = self._unreachable(place)
        if place in self._tree or place in self.world.files:
            fault = "File exists"
        elif not fault and self.world.hosts[split(place)[0]].sealed:
            fault = DENIED
        self._do(Effect.unchecked("write", f"{place}/", before="", value=""), fault)

    def remove(self, place: str) -> None:
        """Remove a file or an empty directory."""
        self._reach(place)
        if place in self._tree:
            if self._tree[place]:
                raise FileError("Directory not empty")
            self._do(Effect.unchecked("delete", place), self._locked(place))
            return
        if place not in self.world.files:
            raise FileError(MISSING)
        effect = Effect.unchecked("delete", place, before=self.world.files[place].content)
        self._do(effect, self._locked(place))

    def copy(self, source: str, target: str) -> None:
        """Copy a file to a place, whatever is there."""
        self.read(source)
        old = self.world.files.get(target)
        size = self.world.files[source].size - (old.size if old else 0)
        effect = Effect.unchecked(
            "copy",
            target,
            source=source,
            before=old.content if old else None,
            value=self.world.files[source].content,
        )
        self._do(effect, self._fault(target), size)

    def move(self, source: str, target: str) -> None:
        """Move a file to a place, whatever is there."""
        self.read(source)
        old, file = self.world.files.get(target), self.world.files[source]
        effect = Effect.unchecked(
            "move",
            target,
            source=source,
            before=old.content if old else None,
            value=file.content,
        )
        grown = file.size - (old.size if old else 0)
        stays = split(source)[0] == split(target)[0]
        self._do(effect, self._fault(target) or self._locked(source), 0 if stays else grown)

    def stop(self, host: str, unit: str) -> None:
        """Stop a simulated service of a host."""
        status = self.world.agents[unit]
        effect = Effect.unchecked("stop", unit, before=status, value="stopped")
        self._do(effect, DENIED if self.world.hosts[host].sealed else None)

    @contextmanager
    def rehearsed(self) -> Iterator[None]:
        """Keep what the enclosed code does as intended, and undo it."""
        outer = self.world, self._tree, self._rehearsing, self._truncated
        self._tree = {name: set(names) for name, names in self._tree.items()}
        self._truncated = dict(self._truncated)
        self._rehearsing = True
        try:
            yield
        finally:
            self.world, self._tree, self._rehearsing, self._truncated = outer

    def close(self) -> None:
        """Record the files that were emptied and never written, as when a command is cut short."""
        for place in list(self._truncated):
            self.write(place, self.world.files[place].content)

    def _reach(self, place: str) -> None:
        if fault := self._unreachable(place):
            raise FileError(fault)

    def _unreachable(self, place: str) -> str | None:
        """Return why nothing can be at a place, or None."""
        try:
            check_name(place)
        except TooLong:
            return "File name too long"
        if len(base(place)) > _LONGEST_PART:
            return "File name too long"
        above = parent(place)
        if above in self._tree:
            return None
        while above not in self._tree and above not in self.world.files:
            above = parent(above)
        return NOT_DIRECTORY if above in self.world.files else MISSING

    def _fault(self, place: str) -> str | None:
        """Return why a file cannot be written, or None."""
        if place in self._tree:
            return IS_DIRECTORY
        return self._unreachable(place) or self._locked(place)

    def _locked(self, place: str) -> str | None:
        file = self.world.files.get(place)
        denied = self.world.hosts[split(place)[0]].sealed or (file is not None and file.locked)
        return DENIED if denied else None

    def _do(self, effect: Effect, fault: str | None, grown: int = 0) -> None:
        if fault is None and grown > 0 and grown > self.world.free(split(effect.target)[0]):
            fault = FULL
        if fault:
            if fault in (DENIED, FULL):
                self.denied.append(effect)
            raise FileError(fault)
        self._record(effect)
        self._apply(effect)

    def _record(self, effect: Effect) -> None:
        charge(len(effect.before or "") + len(str(effect.value or "")), 8)
        (self.denied if self._rehearsing else self.effects).append(effect)

    def _apply(self, effect: Effect) -> None:
        self.world = apply(self.world, effect, self.account)
        target = effect.target.rstrip("/") if not effect.target.endswith(":/") else effect.target
        if effect.verb in ("write", "copy", "move"):
            self._tree[parent(target)].add(base(target))
            if effect.target.endswith("/"):
                self._tree[target] = set()
        departure = effect.source if effect.verb == "move" else target
        if effect.verb in ("delete", "move") and departure:
            self._tree[parent(departure)].discard(base(departure))
            self._tree.pop(departure, None)


_LONGEST_PART = 255


def _tree(world: World) -> dict[str, set[str]]:
    """Return the names in every directory of a world."""
    tree: dict[str, set[str]] = {f"{host}:/": set() for host in world.hosts}
    temporary = [f"{host}:/tmp/" for host in world.hosts]  # every host has it, even without files
    for name in (*world.files, *world.directories, *temporary):
        place = name.rstrip("/") if not name.endswith(":/") else name
        if name.endswith("/"):
            tree.setdefault(place, set())
        while (above := parent(place)) != place:
            names = tree.setdefault(above, set())
            if base(place) in names:
                break
            names.add(base(place))
            place = above
    return tree
