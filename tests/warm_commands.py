"""Commands in forks of a process that has imported the frameworks already.

A command line imports frameworks for seconds and then plays for a tenth of one. ``path()`` returns
a PATH on which ``allegiance``, ``pytest`` and ``python`` are small clients. Such a client hands its
arguments, environment, working directory and standard streams to a server, which forks. The fork is
a process of its own that ends as the command would, and the client exits with its exit code. What
the server cannot run the same way (``python -c``, say) the client gives to the real Python.

What a fork cannot show is whether a command imports what it needs: tests of that start a process.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import runpy
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

BINARIES = Path(sys.executable).parent
OWNER = "ALLEGIANCE_TESTS_OWNER"
"""Name of the variable with the process for which a server is started."""
MODULES = (
    "allegiance.cli",
    "allegiance.pytest_plugin",
    "allegiance.adapters.langchain",
    "allegiance.adapters.langgraph",
    "allegiance.adapters.autogen",
    "langchain_openai",
    "langgraph_supervisor",
    "langgraph_swarm",
    "autogen_agentchat.teams",
    "scipy.stats",
    "jinja2",
    "tenacity",
)
LATE = ("crewai",)
"""Frameworks that take longer than all others, imported with the first command that names them."""
PARTS = 3  # standard input, output and error
LONGEST = 2**20

CLIENT = """#!{python} -SE
import json, os, socket, sys
arguments = sys.argv[1:]
name = os.path.basename(sys.argv[0])
plain = name != "python" or arguments[:1] == ["-m"] or arguments[:1] and arguments[0][:1] != "-"
if not plain:
    os.execv({python!r}, [{python!r}, *arguments])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
call = json.dumps([name, arguments, os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(call).to_bytes(8, "big")], [0, 1, 2])
server.sendall(call)
code = server.recv(1)
sys.exit(code[0] if code else 137)
"""


def own(pid: int) -> None:
    """Make a process the one with which the server ends, unless an outer one is."""
    os.environ.setdefault(OWNER, str(pid))


def folder() -> Path:
    return Path(tempfile.gettempdir(), f"allegiance-tests-{os.environ[OWNER]}")


def path() -> str:
    """Return a PATH whose commands are run warm, and start the server if there is none."""
    from filelock import FileLock

    place = folder()
    place.mkdir(mode=0o700, exist_ok=True)
    with FileLock(place / "lock"):
        if not (place / "socket").exists():
            (place / "bin").mkdir(exist_ok=True)
            for name in ("allegiance", "pytest", "python"):
                client = place / "bin" / name
                client.write_text(
                    CLIENT.format(python=sys.executable, address=str(place / "socket"))
                )
                client.chmod(0o700)
            os.posix_spawn(  # nothing of this process waits for it
                sys.executable,
                [sys.executable, __file__, str(place / "socket"), os.environ[OWNER]],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, str(place / "log"), os.O_WRONLY | os.O_CREAT, 0o600),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
            )
            while not (place / "socket").exists():
                time.sleep(0.02)
    return os.pathsep.join([str(place / "bin"), str(BINARIES), os.environ["PATH"]])


def close() -> None:
    """End the server, if there is one, and remove its folder."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as server:
        server.connect(str(folder() / "socket"))
        server.sendall(bytes(8))
        server.recv(1)
    shutil.rmtree(folder(), ignore_errors=True)


# --- the server, which has one thread ------------------------------------------------------------


def serve(address: str, owner: int) -> None:
    """Fork for each client, until one sends an empty call or the owner has ended."""
    for name in MODULES:
        import_module(name)
    threads = threading.enumerate()
    assert len(threads) == 1, threads  # a fork has no other
    gc.collect()
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{address}.new")
    listener.listen(64)
    os.rename(f"{address}.new", address)
    listener.settimeout(2)
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        try:
            client, _ = listener.accept()
        except TimeoutError:
            try:
                os.kill(owner, 0)
            except ProcessLookupError:
                return
            continue
        with client:
            client.settimeout(None)
            size, streams, _, _ = socket.recv_fds(client, 8, PARTS)
            if not (left := int.from_bytes(size, "big")):
                return
            call: Any = json.loads(_received(client, left))
            _import_late(call)
            if not os.fork():
                listener.close()
                _answer(client, call, streams)
            for stream in streams:
                os.close(stream)


def _received(client: socket.socket, left: int) -> bytes:
    parts = []
    while left:
        part = client.recv(min(left, LONGEST))
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _import_late(call: list[Any]) -> None:
    words = shlex.join([*call[1], call[2]])
    for name in LATE:
        if name in words and name not in sys.modules:
            import_module(f"allegiance.adapters.{name}")
            import_module(name)
            gc.freeze()


def _answer(client: socket.socket, call: list[Any], streams: list[int]) -> None:
    """Wait for the command in a fork, so that its end is seen however it ends."""
    if child := os.fork():
        for stream in streams:
            os.close(stream)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with contextlib.suppress(OSError):
            client.sendall(bytes([code if code >= 0 else 128 - code]))
        os._exit(0)
    client.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    code = 1
    try:
        code = _run(*call)
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _run(name: str, arguments: list[str], cwd: str, environment: dict[str, str]) -> int:
    """Run a command as the interpreter would; return its exit code."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdin, sys.stdout, sys.stderr = (
        open(0, encoding="utf-8"),  # noqa: SIM115
        open(1, "w", encoding="utf-8", closefd=False),  # noqa: SIM115
        open(2, "w", 1, "utf-8", "backslashreplace", closefd=False),  # noqa: SIM115
    )
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr
    signal.signal(signal.SIGINT, signal.default_int_handler)
    added = [p for p in environment.get("PYTHONPATH", "").split(os.pathsep) if p]
    module = {"allegiance": "allegiance.cli", "pytest": "pytest"}.get(name, "")
    first = str(BINARIES)
    if name == "python" and arguments[0] == "-m":
        module, arguments, first = arguments[1], arguments[2:], cwd
    elif name == "python":
        first = str(Path(arguments[0]).resolve().parent)
    sys.path[:] = [first, *added, *sys.path[1:]]
    try:
        if name == "allegiance":
            sys.argv = [str(BINARIES / "allegiance"), *arguments]
            from allegiance.cli import main

            main()
        elif module:
            if module == "pytest":
                _allow_early_imports()
            sys.argv = [module, *arguments]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        return 1
    return 0


def _allow_early_imports() -> None:
    """Keep pytest from a warning of modules whose asserts it can no longer rewrite."""
    from _pytest.assertion.rewrite import AssertionRewritingHook

    AssertionRewritingHook._warn_already_imported = lambda *_: None  # type: ignore[method-assign]


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
