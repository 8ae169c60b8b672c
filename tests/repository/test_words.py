"""One word for one thing: the documentation and the help of the commands keep to the glossary.

What is looked for, where, and what excuses it is data: ``tests/repository/data/words.toml``.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from allegiance.cli import app

ROOT = next(p for p in Path(__file__).parents if (p / "pyproject.toml").exists())
FILE = ROOT / "tests" / "repository" / "data" / "words.toml"
DATA = tomllib.loads(FILE.read_text(encoding="utf-8"))
HELP = "help"
CHECKED = [glob for glob in DATA["checked"] if glob != HELP]

_FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2[`~]*[ ]*$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"(?<=\])\([^)\s]*\)")
_BREAK = re.compile(r"(?<=\S)[ ]*\n[ ]*(?=[^\s|#*-])")
"""The end of a line within a paragraph; rows of tables, headings and items begin a line."""


@dataclass(frozen=True)
class Word:
    """A word that is not used.

    Attributes:
        pattern: Finds it.
        use: What to write instead.
        code: Whether it is also looked for in code.
        unless: A match of one of these that covers the word excuses it.
        files: Globs of files that may use it.
        bad: Examples that it finds.
        fine: Examples that it leaves alone.
    """

    pattern: re.Pattern[str]
    use: str
    code: bool
    unless: tuple[re.Pattern[str], ...]
    files: tuple[str, ...]
    bad: tuple[str, ...]
    fine: tuple[str, ...]

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Word:
        return cls(
            re.compile(entry["pattern"], re.IGNORECASE),
            entry["use"],
            entry.get("code", False),
            tuple(re.compile(p, re.IGNORECASE) for p in entry.get("unless", ())),
            tuple(entry.get("files", ())),
            tuple(text.replace("~", "") for text in entry["bad"]),
            tuple(text.replace("~", "") for text in entry["fine"]),
        )

    def uses(self, text: str) -> Iterator[str]:
        """Yield every use that nothing excuses, with what stands around it."""
        text = _joined(text if self.code else _prose(text))
        excused = [match.span() for regex in self.unless for match in regex.finditer(text)]
        for match in self.pattern.finditer(text):
            if not any(start <= match.start() and match.end() <= end for start, end in excused):
                yield text[max(0, match.start() - 40) : match.end() + 40].replace("\n", " ")


WORDS = [Word.of(entry) for entry in DATA["word"]]


def _prose(text: str) -> str:
    """Return a page without its code and without the addresses of its links."""
    return _LINK.sub("", _SPAN.sub("`code`", _FENCE.sub("", text)))


def _joined(text: str) -> str:
    """Return a page with a line for each paragraph: a phrase may be broken across lines."""
    return _BREAK.sub(" ", text)


def files(globs: list[str]) -> list[str]:
    return sorted({p.relative_to(ROOT).as_posix() for glob in globs for p in ROOT.glob(glob)})


def checked() -> list[str]:
    """Return the files that are read."""
    return [file for file in files(CHECKED) if file not in DATA["later"]]


def complaints(text: str, file: str = "") -> list[str]:
    return [
        f"{file}: ...{use}...: write {word.use}"
        for word in WORDS
        if not any(fnmatch(file, glob) for glob in word.files)
        for use in word.uses(text)
    ]


def commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words that call each command, the groups included."""
    yield words
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*words, name))


def help_of(words: tuple[str, ...]) -> str:
    wide = {"COLUMNS": "400", "TERMINAL_WIDTH": "400", "NO_COLOR": "1", "TERM": "dumb"}
    done = CliRunner().invoke(app, [*words, "--help"], env=wide)
    assert done.exit_code == 0, done.output
    return done.output


COMMANDS = list(commands(get_command(app)))


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.pattern.pattern[:20])
def test_a_word_is_found_where_it_is_wrong_and_only_there(word: Word) -> None:
    assert word.bad
    assert word.fine
    for text in word.bad:
        assert list(word.uses(text)), text
        assert list(word.uses(f"A line.\n\n{text.replace(' ', chr(10), 1)}")), "across lines"
    for text in word.fine:
        assert not list(word.uses(text)), text


def test_code_is_looked_at_only_for_words_that_are_wrong_in_code() -> None:
    page = "Prose.\n\n```text\nan unscored cell --target x\n```\nand `unscored`, [x](unscored.md)"
    (complaint,) = complaints(page, "docs/some.md")
    assert "--target" in complaint


def test_the_glossary_defines_every_word_and_gives_an_example() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    entries = dict(re.findall(r"^### (.+)\n((?:(?!#).+\n)+)", text, re.MULTILINE))
    assert set(entries) == set(DATA["terms"])
    for term, entry in entries.items():
        definition, mark, example = entry.partition("*Example:* ")
        assert len(definition.split()) >= 4, term
        assert mark, term
        assert example.strip(), term


def test_every_glob_of_the_data_finds_a_file() -> None:
    assert [glob for glob in CHECKED if not files([glob])] == []
    assert set(DATA["later"]) <= set(files(CHECKED))


@pytest.mark.parametrize("file", checked())
def test_pages_keep_to_the_glossary(file: str) -> None:
    assert complaints((ROOT / file).read_text(encoding="utf-8"), file) == []


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words) or "allegiance")
def test_help_keeps_to_the_glossary(words: tuple[str, ...]) -> None:
    text = help_of(words)
    assert "Usage: " in text
    if HELP in DATA["checked"]:
        assert complaints(text, f"allegiance {' '.join(words)} --help") == []


def tracked(*arguments: str) -> set[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr  # 1: nothing was found
    return set(done.stdout.splitlines())


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_old_words_are_gone_from_the_repository() -> None:
    rule = DATA["everywhere"]
    names = {n for n in tracked("ls-files") if re.search(rule["pattern"], n, re.IGNORECASE)}
    users = names | tracked("grep", "-ilE", rule["pattern"])
    assert "docs/glossary.md" in users, "the glossary mentions the word once: the rule finds it"
    if DATA["enforced"]:
        assert {u for u in users if not any(fnmatch(u, glob) for glob in rule["files"])} == set()


def test_the_data_does_not_break_its_own_rule() -> None:
    for file in (FILE, Path(__file__)):
        text = file.read_text(encoding="utf-8")
        assert not re.search(DATA["everywhere"]["pattern"], text, re.IGNORECASE), file.name
