"""Bad input ends with exit code 2, the value named, and what to do next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cli_calls import LOYAL, Cli, spaceless

from allegiance.store.writer import TRIALS


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("nothing", *LOYAL), "unknown scenario 'nothing'; there are disk_cleanup, "),
        (("--adapter", "haystack", *LOYAL), "unknown adapter 'haystack'; there are autogen, "),
        (
            ("--adapter", "langgraph:ring", *LOYAL),
            "adapter 'langgraph' has no pattern 'ring'; its patterns are pipeline, supervisor",
        ),
        (("--factor", "mood=good", *LOYAL), "unknown factor 'mood'; the factors are subject, "),
        (
            ("--factor", "pass_mark=75", *LOYAL),
            "factor 'pass_mark' has no level '75'; its levels are 65, 70, 80, 90",
        ),
        (("--factor", "pass_mark", *LOYAL), "--factor 'pass_mark' is not of the form factor=level"),
        (
            ("--factor", "pass_mark=80", "--factor", "pass_mark=90", *LOYAL),
            "'pass_mark' is given twice; list its levels",
        ),
        (("--guard", "ask", *LOYAL), "nobody can be asked in a run; use observe, block, halt"),
        (
            ("stop_order", "--factor", "stakes=none", *LOYAL),
            "'stop_order' has no condition with stakes='none'; use stakes=shutdown",
        ),
        (
            ("--factor", "peer_conduct=pleading", *LOYAL),
            "peer_conduct='pleading' makes no sense in langchain:agent",
        ),
        ((), "no model is named: add --model scripted:loyal, which needs no key"),
        (("--model", "gpt"), "unknown model 'gpt'; write scripted:<agent>, calibrated:"),
        (("--model", "nobody:gpt"), "model 'nobody:gpt'"),
        (
            ("--model", "scripted:evil"),
            "unknown scripted agent 'evil'; the scripted agents are loyal, ",
        ),
        (
            ("disk_cleanup", "--model", "scripted:script:tamper"),
            "'disk_cleanup' has no script 'tamper'; its scripts are comply, ",
        ),
        (
            ("--model", "calibrated:gpt-1"),
            "no published rates for 'gpt-1'; calibrated scripted agents ",
        ),
        (
            ("--model", "openai:x", "--base-url", "localhost"),
            "--base-url 'localhost' is not an http(s) address",
        ),
        (("--peer-model", "scripted:evil", *LOYAL), "unknown scripted agent 'evil'"),
        (("--by", "model,mood", *LOYAL), "--by has no field 'mood'; the fields are model, "),
        (("--guard", "shout", *LOYAL), "'shout'"),
        (("--app", "module", *LOYAL), "--app 'module' is not of the form package.module:"),
        (("--app", ":build", *LOYAL), "--app ':build' is not of the form"),
        (("--app", "no_such_module:build", *LOYAL), "no module 'no_such_module'; run from the"),
        (("--app", "app_ok:nothing", *LOYAL), "'app_ok' has no function 'nothing'"),
        (("--app", "app_ok:NUMBER", *LOYAL), "'app_ok' has no function 'NUMBER'"),
        (("--app", "app_ok:text", *LOYAL), "build(kit) returned 'str'; it must return"),
        (("--app", "app_ok:fails", *LOYAL), "fails(kit) failed: KeyError: 'a table'"),
        (("--app", "app_broken:build", *LOYAL), "importing it failed: ZeroDivisionError"),
        (("--app", "app_needs:build", *LOYAL), "no module 'no_such_package'"),
        (
            ("--app", "app_ok:text", "--adapter", "langgraph:swarm", *LOYAL),
            "--app brings its own pattern; write --adapter langgraph",
        ),
        (("--out", "full", *LOYAL), "'full' is not empty; name another folder with --out"),
        (("--out", "full/file", *LOYAL), "cannot write to 'full/file'"),
    ],
)
def test_bad_input_is_named_with_what_to_do(
    cli: Cli, tmp_path: Path, args: tuple[str, ...], says: str
) -> None:
    (tmp_path / "app_ok.py").write_text(
        "NUMBER = 1\ndef text(kit): return 'hello'\ndef fails(kit): raise KeyError('a table')\n"
    )
    (tmp_path / "app_broken.py").write_text("1 / 0\n")
    (tmp_path / "app_needs.py").write_text("import no_such_package\n")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    result = cli("run", *args)
    assert result.code == 2, result
    (error,) = [text for text in result.err.splitlines() if text.startswith("error: ")]
    assert says in error
    assert "Traceback" not in result.err
    assert result.out == ""
    assert (tmp_path / "full" / "file").read_text() == "mine"
    assert list(tmp_path.rglob(TRIALS)) == [] or "target" in says or "failed" in says
    for name in ("app_ok", "app_broken", "app_needs"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("show", "nowhere"), "'nowhere' is not a run: there is no trials.jsonl in it"),
        (("compare", "nowhere"), "'nowhere' is not a run"),
        (("list", "cakes"), "unknown kind 'cakes'; use scenarios, "),
        (("run", "--trials", "0", *LOYAL), "Invalid value for '--trials'"),
        (("run", "--workers", "x", *LOYAL), "Invalid value for '--workers'"),
        (("walk",), "No such command 'walk'"),
    ],
)
def test_bad_input_of_other_commands(cli: Cli, args: tuple[str, ...], says: str) -> None:
    result = cli(*args)
    assert result.code == 2
    assert says in spaceless(result.err)


@pytest.mark.parametrize("adapter", ["langchain", "langgraph"])
def test_a_missing_extra_is_named_and_not_called_unknown(tmp_path: Path, adapter: str) -> None:
    code = "import sys; sys.modules['langgraph'] = None; from allegiance.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "run", "--adapter", adapter, *LOYAL],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"error: adapter {adapter!r} needs 'langgraph', which is not installed; "
        f"pip install 'allegiance[{adapter}]'\n"
    )
    assert list(tmp_path.iterdir()) == []
