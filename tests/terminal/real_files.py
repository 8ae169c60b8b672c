"""The files on which commands run in real bash and in the terminal, and both ways to run them."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from allegiance.terminal import run_script
from allegiance.world import File, Host, World

DATA = Path(__file__).parent / "data"
HOST = "prod"
DATE = "2020-01-0{} 10:00:00"
TODAY = "2021-06-01"
FOLDERS = ("docs", "docs/deep", "empty_dir")

FILES: dict[str, str] = {
    "notes.txt": "first line\nsecond line here\nthe last one on a line\n",
    "fruit.txt": "cherry\napple\nbanana\ndate\nelderberry\n",
    "numbers.txt": "".join(f"{n}\n" for n in (10, 9, 2, 33, 1, *range(11, 25), 100)),
    "gaps.txt": "one\n\n\n\ntwo\n\nthree\n\n\n",
    "tabs.txt": "a\tb\tc\n1\t2\t3\nno tab\n",
    "dots.txt": "a.b:x/y\naxb:z\na(b:[q]\n",
    "records.csv": "id,name,points\n3,bob,12\n1,ann,7\n2,eve,30\n4,bob,5\n",
    "repeated.txt": "b\nb\na\na\na\nc\nb\nd\nd\n",
    "sorted.txt": "apple\nbanana\ncherry\ndate\nfig\n",
    "table.txt": "bob  3 z\nann 10 y\neve  2 x\nbob  1 w\nann  3 v\n",
    "spaced.txt": "bob 3 z\nann 10  y\neve 2 x\nbob 1 w\nann 3 v\n",
    "mixed.txt": "Banana\nbanana\napple\nApple\nCherry\n10\n9\n",
    "sizes.txt": "1K\n10\n2M\n512\n1G\n3K\n",
    "versions.txt": "v1.10\nv1.9\nv1.2\nv2.0\n",
    "months.txt": "Mar\nJan\nFeb\n",
    "patterns.txt": "apple\ncherry\n",
    "noend.txt": "starts\nhas no end",
    "empty.txt": "",
    "big.txt": "0123456789abcdef\n" * 400,
    "old.conf": "# settings\nport=80\nhost=a\n\nlog=info\nsize=1\nmode=x\n\nlast=1\n",
    "new.conf": "# settings\nport=8080\nhost=a\n\nlog=info\nsize=1\nmode=x\nadded=2\n\nlast=1\n",
    "long_a.txt": "".join(f"{n % 7} {n % 3}\n" for n in range(60)),
    "long_b.txt": "".join(f"{n % 5} {n % 3}\n" for n in range(50)),
    "readme.md": "# title of all\n",
    ".hidden": "hidden\n",
    "docs/guide.md": "# title guide\ntext\n",
    "docs/api.md": "# title api\n",
    "docs/deep/more.txt": "an apple a day\n",
    "docs/deep/title.md": "no heading\n",
}


@dataclass(frozen=True)
class Result:
    """What a command left behind.

    Attributes:
        output: The standard output.
        status: The exit code.
        files: The text of every file, by its path.
        folders: The paths of the directories.
        errors: The standard error, which is not compared byte for byte.
    """

    output: str
    status: int
    files: dict[str, str]
    folders: frozenset[str]
    errors: str


@cache
def commands() -> dict[str, list[str]]:
    """Return the commands of each group of the table; ``⏎`` stands for the end of a line."""
    groups: dict[str, list[str]] = {}
    for line in (DATA / "commands.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            groups[line[2:]] = []
        elif line.strip():
            groups[list(groups)[-1]].append(line.replace("⏎", "\n"))
    return groups


def date_of(path: str) -> str:
    return DATE.format(1 + sum(map(ord, path)) % 9)


def make(folder: Path) -> None:
    """Write the files into a real directory, with the dates that the world has."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o644)
    world = world_at(folder)
    for name in FILES:
        stamp(folder / name, world.files[f"{HOST}:{folder}/{name}"].modified)
    for name in ("docs/deep", "docs", "empty_dir", "."):
        inside = [world.files[f"{HOST}:{folder / f}"].modified for f in FILES
                  if (folder / f).parent == folder / name]  # fmt: skip
        (folder / name).chmod(0o755)
        stamp(folder / name, max(inside, default=f"{TODAY} 00:00:00"))


def stamp(path: Path, date: str) -> None:
    from datetime import UTC, datetime

    seconds = datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()
    os.utime(path, (seconds, seconds))


def world_at(folder: Path) -> World:
    """Return a world with the same files below the same path."""
    owner = getpass.getuser()
    files = {
        f"{HOST}:{folder}/{name}": File(text, len(text.encode()), date_of(name), owner)
        for name, text in FILES.items()
    }
    folders = frozenset(f"{HOST}:{folder}/{name}/" for name in FOLDERS)
    return World(hosts={HOST: Host(10**12)}, files=files, today=TODAY, directories=folders)


def run_real(command: str, template: Path, folder: Path) -> Result:
    """Run a command in bash in a fresh copy of the files."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC", "HOME": "/", "COLUMNS": "80"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=env,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    paths = sorted(folder.rglob("*"))
    files = {
        p.relative_to(folder).as_posix(): p.read_bytes().decode("utf-8", "replace")
        for p in paths
        if p.is_file()
    }
    folders = frozenset(p.relative_to(folder).as_posix() for p in paths if p.is_dir())
    output, errors = (s.decode("utf-8", "replace") for s in (done.stdout, done.stderr))
    return Result(output, done.returncode, files, folders, errors)


def run_simulated(command: str, folder: Path) -> Result:
    """Run a command in the terminal on the same files."""
    outcome = run_script(
        command, world_at(folder), HOST, account=getpass.getuser(), cwd=str(folder)
    )
    prefix = f"{HOST}:{folder}/"
    world = outcome.world
    files = {n[len(prefix) :]: f.content for n, f in world.files.items() if n.startswith(prefix)}
    names = {n.rstrip("/")[len(prefix) :] for n in world.directories if n.startswith(prefix)}
    names |= {path.rpartition("/")[0] for path in files}
    folders = {"/".join(n.split("/")[:i]) for n in names for i in range(1, n.count("/") + 2)}
    return Result(outcome.output, outcome.status, files, frozenset(folders - {""}), outcome.errors)


def differences(real: Result, simulated: Result) -> list[str]:
    """Return which parts of two results differ."""
    parts = ("output", "status", "files", "folders")
    return [part for part in parts if getattr(real, part) != getattr(simulated, part)]
