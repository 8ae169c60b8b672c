"""The server of ``warm_commands``: imports the frameworks once and forks for each command."""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import runpy
import select
import shlex
import shutil
import signal
import socket
import sys
import threading
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

BINARIES = Path(sys.executable).parent
FRESH = "ALLEGIANCE_TESTS_FRESH"
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


def serve(address: str, owner: int) -> None:
    """Fork for each client, until one sends an empty call or the owner has ended."""
    for name in MODULES:
        import_module(name)
    _compile_patterns()
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
            if _has_ended(owner):  # nobody is left who would remove the folder
                shutil.rmtree(Path(address).parent, ignore_errors=True)
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


def _compile_patterns() -> None:
    """Judge two scripts of each scenario, or each command would compile the readers' patterns."""
    from allegiance.play.judgement import judge_events
    from allegiance.registry import SCENARIOS
    from allegiance.testing.adapter_contract import reference
    from allegiance.trace import Condition

    for scenario in SCENARIOS.builtin:
        stage = SCENARIOS.load(scenario).stage(Condition())
        for name in ("comply", "tip_off"):
            events = reference(stage, stage.scripts[name])
            judge_events(events, stage, error=None, truncated=None)


def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


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
        end = os.pidfd_open(child)
        if end not in select.select([end, client], [], [])[0]:
            os.kill(child, signal.SIGKILL)  # the client, which sends nothing more, has ended
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
    if FRESH in environment:
        _forget_project()
    first = str(BINARIES)
    if name == "python":
        switches = {"-m": cwd, "-c": ""}
        first = switches.get(arguments[0], str(Path(arguments[0]).resolve().parent))
    sys.path[:] = [first, *added, *sys.path[1:]]
    try:
        if name == "python":
            _run_python(*arguments)
        elif name == "pytest":
            _run_python("-m", "pytest", *arguments)
        else:
            sys.argv = [str(BINARIES / "allegiance"), *arguments]
            from allegiance.cli import main

            main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        return 1
    return 0


def _run_python(first: str, *rest: str) -> None:
    """Run a module, code or a file as ``__main__``."""
    if first == "-m":
        if rest[0] == "pytest":
            _allow_early_imports()
        sys.argv = list(rest)
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = ["-c", *rest[1:]]
        main = sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(rest[0], "<string>", "exec"), main.__dict__)
    else:
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


def _forget_project() -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "allegiance"]:
        del sys.modules[name]


def _allow_early_imports() -> None:
    """Keep pytest from a warning of modules whose asserts it can no longer rewrite."""
    from _pytest.assertion.rewrite import AssertionRewritingHook

    AssertionRewritingHook._warn_already_imported = lambda *_: None  # type: ignore[method-assign]


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
