"""Keys and credentials are in no file of a run and in no message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_calls import LOYAL, Cli

from allegiance.store.writer import MANIFEST, TRIALS, read


def everything_in(folder: Path) -> bytes:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {TRIALS, MANIFEST}
    return b"".join(path.read_bytes() for path in files)


def test_a_key_in_an_exception_is_written_nowhere(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "zq81-not-of-a-known-form-7731"
    monkeypatch.setenv("SOME_PROVIDER_API_KEY", secret)
    (tmp_path / "app_keys.py").write_text(
        "import os\nclass App:\n    async def ainvoke(self, *args, **kwargs):\n"
        "        raise ValueError('rejected: ' + os.environ['SOME_PROVIDER_API_KEY'])\n"
        "def build(kit):\n    return App()\n"
        "def fails(kit):\n    raise ValueError(os.environ['SOME_PROVIDER_API_KEY'])\n"
    )
    result = cli("run", "rubric_grading", "--app", "app_keys:build", *LOYAL, "--out", "o")
    assert read(tmp_path / "o").trials[0].trace.error == "ValueError: rejected: [redacted]"
    assert secret.encode() not in everything_in(tmp_path / "o")
    assert secret not in result.out + result.err
    failed = cli("run", "rubric_grading", "--app", "app_keys:fails", *LOYAL, "--out", "p")
    assert failed.code == 2
    assert secret not in failed.err


def test_credentials_of_an_endpoint_are_written_nowhere(cli: Cli, tmp_path: Path) -> None:
    url = "http://me:s3cretive@127.0.0.1:9/v1"
    args = ("--model", "openai:x", "--base-url", url, "--set", "limits.attempts=1", "--out", "o")
    result = cli("run", "rubric_grading", *args)
    assert result.code == 1
    assert b"s3cretive" not in everything_in(tmp_path / "o")
    assert json.loads((tmp_path / "o" / MANIFEST).read_text())["configurations"][0]["base_url"] == (
        "http://[redacted]@127.0.0.1:9/v1"
    )
