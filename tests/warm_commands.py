"""Commands in forks of a process that has imported the frameworks already.

A command line imports frameworks for seconds and then plays for a tenth of one. ``path()`` returns
a PATH on which ``allegiance``, ``pytest`` and ``python`` are small clients. Such a client hands its
arguments, environment, working directory and standard streams to a server, which forks. The fork is
a process of its own that ends as the command would, and the client exits with its exit code. Where
the client is killed, so is the fork. What the server cannot run the same way (``python -X``, say)
the client gives to the real Python.

What a fork cannot show is whether a command imports what it needs: tests of that start a process,
with ``cold_path()``.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import sys
import tempfile
import time
from pathlib import Path

BINARIES = Path(sys.executable).parent
SERVER = Path(__file__).with_name("warm_server.py")
OWNER = "ALLEGIANCE_TESTS_OWNER"
"""Name of the variable with the process for which a server is started, and a word of its own."""
FRESH = "ALLEGIANCE_TESTS_FRESH"
"""Name of the variable with which a command imports this project anew: from its PYTHONPATH, say."""

CLIENT = """#!{python} -SE
import json, os, socket, sys
arguments = sys.argv[1:]
name = os.path.basename(sys.argv[0])
if name == "python" and arguments[:1] == ["-u"]:
    del arguments[0]
first = arguments[0] if arguments else "-"
if name == "python" and first[:1] == "-" and first not in ("-m", "-c"):
    os.execv({python!r}, [{python!r}, *arguments])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
call = json.dumps([name, arguments, os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(call).to_bytes(8, "big")], [0, 1, 2])
server.sendall(call)
code = server.recv(1)
sys.exit(code[0] if code else 137)
"""


def own() -> None:
    """Make this process the one with which the server ends, unless an outer one is."""
    os.environ.setdefault(OWNER, f"{os.getpid()}-{secrets.token_hex(4)}")


def folder() -> Path:
    """Return the folder of the server's socket and of the clients."""
    return Path(tempfile.gettempdir(), f"allegiance-tests-{os.environ[OWNER]}")


def cold_path() -> str:
    """Return a PATH whose commands start as they do for a user."""
    return os.pathsep.join([str(BINARIES), os.environ["PATH"]])


def path() -> str:
    """Return a PATH whose commands run in forks, and start the server if there is none."""
    from filelock import FileLock

    if sys.platform != "linux":  # elsewhere a fork of a process with frameworks may fail
        return cold_path()
    place = folder()
    place.mkdir(mode=0o700, exist_ok=True)
    with FileLock(place / "lock"):
        if not (place / "socket").exists():
            _write_clients(place)
            _start_server(place)
    return os.pathsep.join([str(place / "bin"), cold_path()])


def python() -> str:
    """Return the program ``python`` of ``path()``."""
    program = shutil.which("python", path=path())
    assert program is not None
    return program


def close() -> None:
    """End the server, if this process owns one, and remove its folder."""
    if os.environ[OWNER].partition("-")[0] != str(os.getpid()):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as server:
        server.connect(str(folder() / "socket"))
        server.sendall(bytes(8))
        server.recv(1)
    shutil.rmtree(folder(), ignore_errors=True)


def _write_clients(place: Path) -> None:
    (place / "bin").mkdir(exist_ok=True)
    text = CLIENT.format(python=sys.executable, address=str(place / "socket"))
    for name in ("allegiance", "pytest", "python"):
        client = place / "bin" / name
        client.write_text(text, encoding="utf-8")
        client.chmod(0o700)


def _start_server(place: Path) -> None:
    owner = os.environ[OWNER].partition("-")[0]
    log = place / "log"
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, str(SERVER), str(place / "socket"), owner],
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    while not (place / "socket").exists():
        if os.waitpid(pid, os.WNOHANG)[0]:
            raise RuntimeError(f"the server of warm commands has ended: {log.read_text()}")
        time.sleep(0.02)
