"""How many megabytes an installation takes on disk, measured in fresh virtual environments.

Each row is installed by pip into an environment of its own, without pip itself. Counted are the
bytes of all files under site-packages, as downloaded and once all of them are compiled (.pyc).
The wheel is built from this checkout. Needs a package index.
"""

from __future__ import annotations

import argparse
import compileall
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from venv import EnvBuilder

from report import Row, finish

ROOT = Path(__file__).resolve().parents[1]
MEGABYTE = 1_000_000
INSTALLS: dict[str, tuple[str, ...]] = {
    "allegiance": (),
    "allegiance[guard]": (),
    "allegiance[guard,shell] pyyaml": ("pyyaml",),
    "allegiance[stats]": (),
}
LARGE: dict[str, tuple[str, ...]] = {
    "allegiance[report]": (),
    "allegiance[langgraph]": (),
}
TARGETS = {"allegiance": 40, "allegiance[guard,shell] pyyaml": 55}
"""Megabytes that an installation stays below, compiled."""


def pip(*args: str | Path) -> None:
    command = [sys.executable, "-m", "pip", *map(str, args), "--quiet"]
    subprocess.run([*command, "--disable-pip-version-check"], check=True)


def size(folder: Path) -> float:
    """Return the megabytes of a folder's files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / MEGABYTE


def measure(name: str, others: tuple[str, ...], wheel: Path) -> tuple[float, float]:
    """Install into a fresh environment; return megabytes as downloaded and as compiled."""
    requirement = f"{wheel}{name.partition(' ')[0].removeprefix('allegiance')}"
    with TemporaryDirectory() as folder:
        EnvBuilder(with_pip=False, symlinks=True).create(folder)
        packages = next(Path(folder).glob("lib/python*/site-packages"))
        python = Path(folder, "bin", "python")
        pip("--python", python, "install", "--no-compile", requirement, *others)
        plain = size(packages)
        compileall.compile_dir(packages, quiet=2)
        return plain, size(packages)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="Measure a framework too: minutes.")
    args = parser.parse_args()
    rows = []
    with TemporaryDirectory() as folder:
        pip("wheel", "--no-deps", "--wheel-dir", folder, ROOT)
        (wheel,) = Path(folder).glob("*.whl")
        for name, others in {**INSTALLS, **(LARGE if args.large else {})}.items():
            plain, compiled = measure(name, others, wheel)
            most = TARGETS.get(name)
            rows.append(
                Row(
                    name,
                    f"{plain:.1f} MB, compiled {compiled:.1f} MB",
                    "" if most is None else f"under {most} MB",
                    most is None or compiled < most,
                )
            )
    return finish("Size on disk under site-packages, without pip", rows)


if __name__ == "__main__":
    raise SystemExit(main())
