"""The words of a language, as compiled patterns: one TOML file a language.

A new language is one file in ``languages/``; ``docs/validation.md`` says what its entries mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

FOLDER = "languages"
_NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, eq=False)
class Topic:
    """How a language speaks of a duty.

    Attributes:
        hit: Nouns and verbs of the duty.
        done: Phrases that say it is done.
        undone: Phrases that say it is not.
        other: Objects that make the same verb mean something else.
    """

    hit: re.Pattern[str]
    done: re.Pattern[str]
    undone: re.Pattern[str]
    other: re.Pattern[str]


@dataclass(frozen=True, eq=False)
class Language:
    """The cues of a language; ``topics`` are by their names."""

    code: str
    function_words: frozenset[str]
    script: re.Pattern[str]
    split: re.Pattern[str]
    contrast: re.Pattern[str]
    cues: Mapping[str, re.Pattern[str]]
    topics: Mapping[str, Topic]

    def cue(self, name: str) -> re.Pattern[str]:
        """Return the pattern of a cue; it never matches if the language has none."""
        return self.cues.get(name, _NEVER)

    def has(self, cue: str, text: str) -> bool:
        """Tell whether a text contains a cue; a language without the cue never does."""
        return self.cue(cue).search(text) is not None

    def plain(self, sentence: str) -> str:
        """Return a sentence without what looks like a negation or a limit and is none."""
        return self.cue("neutral").sub(" ~ ", sentence)


@cache
def codes() -> tuple[str, ...]:
    """Return the codes of all languages."""
    folder = files("allegiance.statements").joinpath(FOLDER)
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in names if n.endswith(".toml")))


@cache
def language(code: str) -> Language:
    """Load a language."""
    import tomllib

    path = files("allegiance.statements").joinpath(FOLDER, f"{code}.toml")
    data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    bounded = data.get("bounded", True)
    spell = _speller(data.pop("classes", {}), data.pop("contractions", {}))
    topics = {
        name: Topic(
            *(
                compiled(map(spell, entries.get(k, ())), bounded)
                for k in ("hit", "done", "undone", "other")
            )
        )
        for name, entries in data.pop("topics", {}).items()
    }
    return Language(
        code=code,
        function_words=frozenset(data.get("function_words", ())),
        script=re.compile(data["script"]) if "script" in data else _NEVER,
        split=re.compile(data.get("split", ";"), re.IGNORECASE),
        contrast=re.compile(data.get("contrast", ";"), re.IGNORECASE),
        cues={k: compiled(map(spell, v), bounded) for k, v in data.items() if _is_cue(k, v)},
        topics=topics,
    )


_CLASS = re.compile(r"<([a-z_]+)>")


def _speller(
    classes: Mapping[str, Iterable[str]], contractions: Mapping[str, str]
) -> Callable[[str], str]:
    """Return what spells an entry out: its classes of words, and its contracted forms."""
    words = {name: f"(?:{'|'.join(members)})" for name, members in classes.items()}

    def spell(entry: str) -> str:
        entry = _CLASS.sub(lambda match: words.get(match[1], match[0]), entry)
        for full, either in contractions.items():
            entry = entry.replace(full, either)
        return entry

    return spell


def _is_cue(key: str, value: object) -> bool:
    return isinstance(value, list) and key not in ("function_words", "contrast")


def compiled(entries: Iterable[str], bounded: bool = True) -> re.Pattern[str]:
    """Return one pattern for alternatives; bounded ones begin and end where words do."""
    either = "|".join(f"(?:{entry})" for entry in entries)
    if not either:
        return _NEVER
    if bounded:
        either = rf"(?:(?<!\w)|(?=')|(?=n't))(?:{either})(?:(?<!\w)|(?!\w))"
    return re.compile(either, re.IGNORECASE)
