"""Commands in forks do what the same commands do as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import warm_commands

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are used on Linux only")

CODE = """
import os, sys
print(os.getcwd(), sys.argv, os.environ["WORD"], "OTHER" in os.environ, sys.stdin.read(), __name__)
print("an error", file=sys.stderr)
"""


def call(
    *words: str, cwd: Path, warm: bool = True, **more: str
) -> subprocess.CompletedProcess[str]:
    search = warm_commands.path() if warm else warm_commands.cold_path()
    environment = {"PATH": search, "WORD": "word", **more}
    return subprocess.run(
        words, cwd=cwd, env=environment, input="typed", capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "words",
    [
        ("python", "-c", CODE, "a", "b c"),
        ("python", "file.py", "a"),
        ("python", "-m", "file", "a"),
        ("python", "-c", "import sys; sys.exit(3)"),
        ("python", "-c", "import sys; sys.exit('a reason')"),
        ("python", "-c", "import os, sys; print(1, flush=True); os._exit(4)"),
        ("python", "-c", "import atexit; atexit.register(print, 'the end')"),
        ("allegiance", "list", "scenarios"),
        ("allegiance", "run", "no_such"),
    ],
    ids=lambda words: "-".join(words)[:30],
)
def test_a_fork_is_like_a_process(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text(CODE)
    warm, cold = (call(*words, cwd=tmp_path, warm=warm) for warm in (True, False))
    shown = [(done.returncode, done.stdout, done.stderr) for done in (warm, cold)]
    if words[1] == "-m":  # the name of the program, which Python writes in full
        shown = [
            (code, out.replace(f"{tmp_path}/file.py", "file"), err) for code, out, err in shown
        ]
    assert shown[0] == shown[1]


def test_a_traceback_ends_a_fork_with_1(tmp_path: Path) -> None:
    done = call("python", "-c", "raise KeyError('the key')", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith("KeyError: 'the key'\n")


def test_a_signal_that_ends_a_fork_is_in_the_exit_code(tmp_path: Path) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    assert call("python", "-c", code, cwd=tmp_path).returncode == 128 + signal.SIGTERM


def test_what_a_command_changes_is_not_seen_by_the_next(tmp_path: Path) -> None:
    code = (
        "import allegiance.registry as r, os, sys; print(hasattr(r, 'mark'), 'MARK' in os.environ);"
        "r.mark = os.environ['MARK'] = 'x'; sys.path.clear(); os.chdir('/')"
    )
    for _ in range(2):
        assert call("python", "-c", code, cwd=tmp_path).stdout == "False False\n"


def test_a_fork_ends_when_its_client_is_killed(tmp_path: Path) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    client = subprocess.Popen(
        [warm_commands.python(), "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert client.stdout is not None
    pid = int(client.stdout.readline())
    os.kill(pid, 0)
    client.kill()
    client.wait()
    assert client.stdout.read() == ""  # until nobody holds the other end
    client.stdout.close()
    wait_for_end(pid)


def test_the_server_ends_with_its_owner_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import os, sys, time, warm_commands; warm_commands.own(); warm_commands.path();"
        "print(warm_commands.folder(), flush=True); time.sleep(600)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(warm_commands.__file__).parent)}
    del environment[warm_commands.OWNER]
    owner = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    folder = Path(owner.stdout.readline().strip())
    owner.stdout.close()
    assert (folder / "socket").exists()
    owner.kill()
    owner.wait()
    for _ in range(6000):
        if not folder.exists():
            return
        time.sleep(0.05)
    raise AssertionError("the server outlives its owner")


def wait_for_end(pid: int) -> None:
    for _ in range(6000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError(f"process {pid} goes on")
