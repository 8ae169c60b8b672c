"""What contributors are told is so: paths, targets, forms, hooks, the changelog's fragments."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

ROOT = next(p for p in Path(__file__).parents if (p / "pyproject.toml").exists())
FORMS = sorted(
    p.relative_to(ROOT).as_posix()
    for p in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")
    if p.name != "config.yml"
)
PAGES = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "changelog.d/README.md")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FRAGMENTS = sorted(p.name for p in (ROOT / "changelog.d").iterdir() if p.name != "README.md")

_PATH = re.compile(r"`((?:core|adapters|probes|scenarios|tests|docs|benchmarks|examples)/[^\s`]*)`")
_TARGET = re.compile(r"\bmake (?:[A-Z]+=\w+ )*([a-z][a-z-]*)")
_FRAGMENT = re.compile(r"(?:\+[a-z0-9-]+|\d+)\.(\w+)(?:\.\d+)?\.md")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def load(name: str) -> Any:
    return yaml.safe_load(read(name))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a tool of this environment from the root of the repository."""
    program = str(Path(sys.executable).parent / command[0])
    return subprocess.run([program, *command[1:]], cwd=ROOT, capture_output=True, text=True)


# --- pages --------------------------------------------------------------------------------------


def named_paths(page: str) -> list[Path]:
    """Return the paths that a page names; where one has a NAME in it, the folder above."""
    paths = []
    for name in _PATH.findall(read(page)):
        parts = Path(name.rstrip("/")).parts
        fixed = next((i for i, part in enumerate(parts) if re.search("[A-Z]{4}", part)), len(parts))
        paths.append(Path(*parts[: len(parts) if parts[-1] == "README.md" else fixed]))
    return paths


@pytest.mark.skipif(
    not (ROOT / "core" / "allegiance" / "cli").is_dir(), reason="the packages are not there yet"
)
def test_paths_that_contributors_are_sent_to_exist() -> None:
    paths = named_paths("CONTRIBUTING.md")
    assert len(paths) > 30
    assert [path.as_posix() for path in paths if not (ROOT / path).exists()] == []


def test_targets_of_make_that_are_named_exist() -> None:
    named = {target for page in PAGES for target in _TARGET.findall(_code(read(page)))}
    assert {"test", "check", "lock", "changelog", "fuzz"} <= named
    assert named <= set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))


def _code(text: str) -> str:
    return "\n".join([*re.findall(r"`([^`]+)`", text), *re.findall(r"^ {4}(.+)$", text, re.M)])


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    links = [
        str(child.attrs["href"])
        for token in MarkdownIt().enable("table").parse(read(page))
        for child in token.children or ()
        if "href" in child.attrs
    ]
    for link in links:
        target = link.partition("#")[0]
        assert "://" in link or ((ROOT / page).parent / target).exists(), link


def test_there_is_a_recipe_for_everything_that_can_be_added() -> None:
    recipes = re.split(r"^### ", read("CONTRIBUTING.md"), flags=re.MULTILINE)[1:]
    titles = [recipe.splitlines()[0] for recipe in recipes]
    assert titles == [
        *("A scenario", "A probe", "An adapter", "A pattern", "A gate format", "A scan format"),
        *("A CLI command", "A shell program", "A binding", "A page"),
    ]
    for recipe in recipes:
        assert "Test: " in recipe, recipe
        assert "Page: " in recipe or "A page" in recipe, recipe


def test_reports_of_vulnerabilities_go_to_no_invented_address() -> None:
    assert not re.search(r"[\w.]+@[\w-]+\.\w+|mailto:", read("SECURITY.md"))
    assert "private vulnerability reporting" in read("SECURITY.md")


# --- forms and hooks ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        *(("vendor.github-issue-forms", form) for form in FORMS),
        ("vendor.github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
    ],
)
def test_forms_keep_to_the_schemas_of_github(schema: str, file: str) -> None:
    done = run("check-jsonschema", "--builtin-schema", schema, file)
    assert done.returncode == 0, done.stdout


def test_there_are_forms_for_bugs_features_and_wrong_verdicts(tmp_path: Path) -> None:
    assert [Path(form).stem for form in FORMS] == ["bug", "feature", "wrong-verdict"]
    names = [load(form)["name"] for form in FORMS]
    assert "*Wrong verdict*" in read("SECURITY.md")
    assert "Wrong verdict" in names
    broken = tmp_path / "broken.yml"
    broken.write_text(read(FORMS[0]).replace("type: textarea", "type: novel", 1), encoding="utf-8")
    done = run("check-jsonschema", "--builtin-schema", "vendor.github-issue-forms", str(broken))
    assert done.returncode == 1


def hooks() -> dict[str, dict[str, Any]]:
    (local,) = load(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local", "a hook that is fetched cannot be checked here"
    return {hook["id"]: hook for hook in local["hooks"]}


def test_hooks_call_tools_that_the_development_environment_has() -> None:
    groups = str(PROJECT["dependency-groups"])
    for hook in hooks().values():
        folder, _, tool = hook["entry"].split()[0].rpartition("/")
        assert folder == ".venv/bin"
        assert f"'{tool}>=" in groups
        assert hook["language"] == "system"


def test_the_hook_for_forms_sees_every_form_and_nothing_else() -> None:
    hook = hooks()["issue-forms"]
    others = [".github/ISSUE_TEMPLATE/config.yml", "action.yml", ".github/PULL_REQUEST_TEMPLATE.md"]
    seen = [file for file in (*FORMS, *others) if re.search(hook["files"], file)]
    assert seen == FORMS
    _, *arguments = hook["entry"].split()
    assert run("check-jsonschema", *arguments, *FORMS).returncode == 0


def test_editors_and_the_linter_agree_on_python() -> None:
    parser = configparser.ConfigParser()
    parser.read_string(f"[top]\n{read('.editorconfig')}")
    assert parser["top"]["root"] == "true"
    assert parser["*.py"]["max_line_length"] == str(PROJECT["tool"]["ruff"]["line-length"])
    assert parser["Makefile"]["indent_style"] == "tab"


# --- the changelog ------------------------------------------------------------------------------


def kinds() -> list[str]:
    return [kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"]]


def test_the_kinds_of_fragments_are_those_that_contributors_are_told() -> None:
    assert kinds() == ["added", "changed", "fixed", "removed", "security"]
    for page in ("CONTRIBUTING.md", "changelog.d/README.md"):
        assert "`added`, `changed`, `fixed`, `removed` or `security`" in " ".join(
            read(page).split()
        )


def test_fragments_are_named_by_the_rule_and_say_something() -> None:
    for name in FRAGMENTS:
        match = _FRAGMENT.fullmatch(name)
        assert match is not None, name
        assert match[1] in kinds(), name
        assert len(read(f"changelog.d/{name}").split()) > 3, name


def test_the_draft_holds_every_fragment() -> None:
    pytest.importorskip("towncrier", reason="towncrier is not installed")
    done = run("towncrier", "build", "--draft", "--version", "9.9")
    assert done.returncode == 0, done.stderr
    assert "## 9.9 (" in done.stdout
    for name in FRAGMENTS:
        assert read(f"changelog.d/{name}").split("\n")[0] in done.stdout, name


def test_a_release_goes_below_the_head_of_the_changelog(tmp_path: Path) -> None:
    pytest.importorskip("towncrier", reason="towncrier is not installed")
    fragments = tmp_path / "changelog.d"
    fragments.mkdir()
    (fragments / "7.fixed.md").write_text("`merge` refuses shards of two seeds.\n")
    for name in ("pyproject.toml", "CHANGELOG.md"):
        (tmp_path / name).write_text(read(name), encoding="utf-8")
    done = run("towncrier", "build", "--yes", "--version", "9.9", "--dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.startswith(read("CHANGELOG.md").rstrip())
    assert "### Fixed\n\n- `merge` refuses shards of two seeds. (#7)" in text
