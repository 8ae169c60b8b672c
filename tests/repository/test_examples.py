"""Every example runs from the lines of its README, and shows what a reader should notice."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import warm_commands
import yaml
from example_facts import FACTS
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGES = sorted(EXAMPLES.rglob("README.md"))
PROJECT = EXAMPLES / "ci_project"
COLD = EXAMPLES / "review_board"
"""The example whose commands start as they do for a user; the others run in forks."""


def commands(page: Path) -> Iterator[tuple[str, int, str]]:
    """Yield each command, its exit code, and the output that the page shows, if any.

    Three dots stand for anything in a row, and then rows may be left out.
    """
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    for block in (t.content for t in tokens if t.type == "fence" and t.info == "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = part.partition("\n")
            line, _, code = line.partition("  # exit code ")
            yield line, int(code or 0), shown.strip()


def shell(line: str, folder: Path, home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line as a newcomer would: nothing of this process's environment but the PATH."""
    clean = {"PATH": warm_commands.path(), "HOME": str(home), "LANG": "C.UTF-8"}
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", line],
        cwd=folder,
        env={**clean, **env},
        capture_output=True,
        text=True,
    )


def assert_shown(excerpt: str, output: str) -> None:
    """Fail unless every row of an excerpt is in the output; three dots stand for anything."""
    for row in excerpt.splitlines():
        wanted = ".*".join(re.escape(piece) for piece in row.split("..."))
        assert re.search(f"^{wanted}$", output, re.MULTILINE), row


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the examples, in which runs may be left behind, beside an empty home."""
    (tmp_path / "home").mkdir()
    nothing = shutil.ignore_patterns("__pycache__", "runs")
    return Path(shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=nothing))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_the_lines_of_a_readme_do_what_it_shows(page: Path, copy: Path) -> None:
    folder = copy / "ci_project" if page.parent == PROJECT else copy.parent
    ran = 0
    start = {"PATH": warm_commands.cold_path()} if page.parent == COLD else {}
    for line, code, shown in commands(page):
        done = shell(line, folder, copy.parent / "home", **start)
        assert done.returncode == code, f"{line}\n{done.stdout}\n{done.stderr}"
        if "..." in shown:
            assert_shown(shown, done.stdout)
        elif shown:
            assert done.stdout.strip() == shown
        example = line.removeprefix("python examples/")
        if example in FACTS:
            FACTS[example](done.stdout)
        ran += 1
    assert ran


def test_every_example_is_run_by_a_readme_and_listed() -> None:
    lines = {line for page in PAGES for line, _, _ in commands(page)}
    apps = [*EXAMPLES.glob("*.py"), *EXAMPLES.glob("*/app.py")]
    assert {str(app.relative_to(EXAMPLES)) for app in apps} == set(FACTS)
    assert {f"python examples/{name}" for name in FACTS} <= lines
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for page in PAGES[1:]:
        assert f"]({page.relative_to(EXAMPLES)})" in index


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_links_lead_somewhere(page: Path) -> None:
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        for child in token.children or ():
            target = str(child.attrs.get("href", ""))
            assert not target or (page.parent / target).exists(), target


def test_the_project_runs_from_a_folder_of_its_own(copy: Path, tmp_path: Path) -> None:
    alone = Path(shutil.move(copy / "ci_project", tmp_path / "alone"))
    home = tmp_path / "home"
    before = shell("python -m pytest before", alone, home)
    assert before.returncode == 1
    assert "misrepresentation" in before.stdout  # behaviour, rate and cited events
    assert "100.0 [83.9, 100.0] n=20" in before.stdout
    assert re.search(r"#12 critic calls submit_evaluation\(.*92", before.stdout)
    after = shell("python -m pytest", alone, home)
    assert after.returncode == 0, after.stdout
    assert "2 passed" in after.stdout


# --- the workflows of the project ---------------------------------------------------------------


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


WORKFLOW = PROJECT / ".github" / "workflows" / "loyalty.yml"
GITLAB = PROJECT / ".gitlab-ci.yml"


def uses(job: str) -> dict[str, Any]:
    """Return the inputs that a job of the workflow gives to the action."""
    steps = load(WORKFLOW)["jobs"][job]["steps"]
    (step,) = (s for s in steps if "/allegiance@" in s.get("uses", ""))
    return {str(name): str(value) for name, value in step["with"].items()}


@pytest.mark.parametrize(
    "arguments",
    [
        ("vendor.github-workflows", str(WORKFLOW)),
        ("vendor.gitlab-ci", "--data-transform", "gitlab-ci", str(GITLAB)),
    ],
    ids=lambda a: a[0],
)
def test_the_workflows_keep_to_their_schemas(arguments: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_workflows_give_what_the_templates_take() -> None:
    inputs = set(load(ROOT / "action.yml")["inputs"])
    for job in ("holds", "loyal"):
        assert set(uses(job)) <= inputs
    template = load(ROOT / "ci" / "gitlab.yml")[".allegiance"]
    assert set(load(GITLAB)["honest"]["variables"]) <= set(template["variables"])


@pytest.mark.parametrize(("job", "code"), [("holds", 0), ("loyal", 3)])
def test_the_action_gates_the_project(job: str, code: int, copy: Path) -> None:
    action = load(ROOT / "action.yml")
    given = {name: str(i["default"]) for name, i in action["inputs"].items()} | uses(job)
    # a scripted model in place of the one that needs a key, and too few trials for a ruling
    given["play"] = re.sub(r"openai:\S+", "scripted:loyal", given["play"]).replace("80", "1")
    steps = {step["name"]: step for step in action["runs"]["steps"]}
    home = copy.parent / "home"
    for name, wanted in (("Play", 0), ("Gate", code)):
        step = steps[name]
        env = {n: given[v.split("inputs.")[1].split(" ")[0]] for n, v in step["env"].items()}
        env |= {"GITHUB_OUTPUT": str(home / "output"), "GITHUB_STEP_SUMMARY": str(home / "sum")}
        done = shell(step["run"], copy / "ci_project", home, **env)
        assert done.returncode == wanted, f"{done.stdout}\n{done.stderr}"


def test_the_gitlab_job_gates_the_project(copy: Path) -> None:
    template = load(ROOT / "ci" / "gitlab.yml")[".allegiance"]
    variables = {**template["variables"], **load(GITLAB)["honest"]["variables"]}
    script = "\n".join(template["script"][1:])  # after the installation
    done = shell(script, copy / "ci_project", copy.parent / "home", **variables)
    assert done.returncode == 0, done.stderr


# --- a newcomer's first gate --------------------------------------------------------------------


def test_the_first_gate_fails_and_the_guard_makes_it_pass(tmp_path: Path) -> None:
    tokens = MarkdownIt().parse((ROOT / "docs" / "first-gate.md").read_text(encoding="utf-8"))
    home = tmp_path / "home"
    home.mkdir()
    ruled, printed = [], ""
    for kind, content in ((t.info, t.content) for t in tokens if t.type == "fence"):
        if kind == "python":
            (tmp_path / "desk.py").write_text(content, encoding="utf-8")
        elif kind == "text":
            assert_shown(content, printed)
        for line in content.splitlines() if kind == "sh" else ():
            line, _, code = line.partition("  # exit code ")
            if line.startswith("allegiance "):  # what comes before sets this environment up
                done = shell(line, tmp_path, home)
                assert done.returncode == int(code or 0), f"{line}\n{done.stdout}\n{done.stderr}"
                printed = done.stdout
                ruled += [done.returncode] if line.startswith("allegiance gate") else []
    assert ruled == [1, 0]


def test_a_file_in_place_of_a_module_is_told_apart(tmp_path: Path) -> None:
    for named in ("desk.py", "./desk.py", str(tmp_path / "desk.py"), "../desk.py"):
        line = f"allegiance run disk_cleanup --model scripted:loyal --app {named}:build"
        done = shell(line, tmp_path, tmp_path, COLUMNS="200")
        assert done.returncode == 2
        assert done.stderr.strip().endswith("that contains it: --app desk:build")
