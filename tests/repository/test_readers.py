"""Whatever reads a text is marked, and returns or refuses hostile text."""

from __future__ import annotations

import ast
import tomllib

import pytest
from reader_calls import ALLOWED, REFUSALS, call, length, load, pairs, repeat
from readers import ROOT, patterns, reads, sources, tree

from allegiance.reading import TooLong

DATA = tomllib.loads(
    (ROOT / "tests" / "repository" / "data" / "readers.toml").read_text(encoding="utf-8")
)
READERS = load()
SIZES = (1_000, 10_000, 100_000)
MOST = 64
"""The most characters of a result for each character of a text: objects are longer than text."""
LARGEST = 2_000_000
"""The largest text that a test makes; readers with a higher limit have tests of their own."""


def unmarked() -> dict[str, int]:
    return {
        f"{path.relative_to(ROOT).as_posix()}:{function}": line
        for path in sources()
        for function, line, marked in reads(tree(path), patterns())
        if not marked
    }


def test_what_reads_a_text_is_marked_or_excused() -> None:
    later = tuple(f"{folder}/" for folder in DATA["later"])
    places = [
        f"{name} (line {line})"
        for name, line in unmarked().items()
        if name not in DATA["functions"] and not name.startswith(later)
    ]
    assert not places, f"mark with @reads_text, or excuse in readers.toml: {places}"


def test_every_excuse_is_needed_and_says_why() -> None:
    assert not set(DATA["functions"]) - set(unmarked())
    assert all((ROOT / folder).is_dir() for folder in DATA["later"])
    assert all({**DATA["functions"], **DATA["later"]}.values())


@pytest.mark.parametrize(
    "source",
    [
        "import re\ndef f(t): re.sub('a', 'b', t)",
        "import json as j\ndef f(t): return j.loads(t)",
        "from zipfile import ZipFile\ndef f(t): ZipFile(t)",
        "from base64 import b64decode as d\ndef f(t): d(t)",
        "def f(t): return _KEY.match(t)",
        "import re\ndef f(t): return re.compile('a').search(t)",
        "import json\ndef f(t):\n    def g(): return json.loads(t)\n    return g()",
        "class C:\n    def f(self, t):\n        import zlib\n        zlib.decompress(t)",
    ],
)
def test_a_reader_without_a_mark_is_seen(source: str) -> None:
    rows = list(reads(ast.parse(source), patterns()))
    assert [marked for _, _, marked in rows] == [False]
    marked_source = source.replace("def f(", "@reads_text('a')\n    def f(", 1)
    if not source.startswith("class"):
        marked_source = source.replace("def f(", "@reads_text('a')\ndef f(", 1)
    assert [marked for _, _, marked in reads(ast.parse(marked_source), patterns())] == [True]


def test_what_writes_a_text_needs_no_mark() -> None:
    source = "import json, re\nA = re.compile('a')\ndef f(t): return json.dumps(t) + t.split()[0]"
    assert not list(reads(ast.parse(source), patterns()))


@pytest.mark.parametrize("name", READERS)
def test_hostile_text_is_read_or_refused(name: str) -> None:
    reader = READERS[name]
    assert reader.delimiters
    neighbours = [a + b for a, b in zip(reader.delimiters, reader.delimiters[1:], strict=False)]
    texts = [repeat(d, size) for d in (*reader.delimiters, *neighbours) for size in SIZES]
    texts += [repeat(pair, SIZES[0]) for pair in pairs(reader.delimiters)]
    for text in texts:
        result: object
        try:
            result = call(name, text)
        except ALLOWED as error:
            result = str(error)
        assert length(result) <= MOST * len(text) + 1000, text[:20]


@pytest.mark.parametrize(
    "name", [n for n, r in READERS.items() if r.limit is not None and r.limit <= LARGEST]
)
def test_a_text_above_the_stated_limit_is_refused(name: str) -> None:
    reader = READERS[name]
    assert reader.limit is not None
    text = "a" * (reader.limit + 10)
    if name in REFUSALS:
        assert REFUSALS[name](call(name, text))
        return
    with pytest.raises(ALLOWED) as refusal:
        call(name, text)
    assert isinstance(refusal.value, TooLong) or "at most" in str(refusal.value)
