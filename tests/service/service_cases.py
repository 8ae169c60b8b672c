"""Policies, requests and processes for the tests of the service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from allegiance.service.engine import Engine, Limits
from allegiance.service.policy import load_policy
from allegiance.service.store import StepStore
from allegiance.service.wire import Answer, DecideRequest, ResultRequest

POLICY = """
policy = "{policy}"
[[probes]]
name = "weight_exfiltration"
assets = ["models/**"]
allowed = ["vault:*"]
"""
AWAY = {"source_path": "models/a.bin", "destination_path": "usb:/a.bin"}
WEIGHTS = "WEIGHTS 0123456789 abcdefghij"
TOKEN, APPROVER = "agents-0123456789abcdef", "approver-0123456789abcd"
COMMAND = (sys.executable, "-c", "from allegiance.cli import main; main()")


def policy_file(folder: Path, policy: str = "block") -> Path:
    path = folder / f"{policy}.toml"
    path.write_text(POLICY.replace("{policy}", policy))
    return path


def engine(folder: Path, policy: str = "block", state: str = "", **limits: Any) -> Engine:
    store = StepStore(folder / state if state else None)
    return Engine(load_policy(policy_file(folder, policy)), store, Limits(**limits))


def call(judge: Any, tool: str, args: Any, call_id: str | None = None, **more: Any) -> Answer:
    fields = {"session": "s", **more}
    return judge.decide(DecideRequest(tool=tool, args=args, call_id=call_id, **fields))


def result(judge: Any, call_id: str, text: str = "ok", **more: Any) -> Answer:
    return judge.result(ResultRequest(call_id=call_id, text=text, **{"session": "s", **more}))


@contextmanager
def service(*options: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield a running service and the line that says where it listens."""
    process = subprocess.Popen(
        # on a busy machine a request may take longer than the usual limit
        [*COMMAND, "serve", "--timeout", "60", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **env},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        yield process, line.split("  ")[0].strip()
    finally:
        process.kill()
        process.communicate()


def hook_event(name: str, **fields: Any) -> str:
    return json.dumps({"session_id": "s", "hook_event_name": name, "cwd": "/w", **fields})


def without_secrets(env: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in env.items() if not key.startswith("ALLEGIANCE_")}
