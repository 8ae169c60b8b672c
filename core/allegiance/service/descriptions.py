"""Instructions to the model that are hidden in the description of a tool.

A server of tools can poison an agent before any call: its descriptions are read by the model as if
the operator had written them. What is found is reported, with the words, for a person to judge.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from allegiance.reading import check_length, reads_text
from allegiance.report.excerpt import one_line

LONGEST = 50_000
"""Characters of a description that are read; a longer one is reported as such."""
DEEPEST = 12
MOST_TEXTS = 2_000
_HIDDEN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]"
)
_MARKUP = re.compile(
    r"<!--|</?(?:important|system|instructions?|secret|hidden|assistant|admin|rules?)\b"
    r"|\[/?(?:inst|system)\]|<\|(?:im_start|system)\|?>",
    re.IGNORECASE,
)
_IGNORE = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}?"
    r"\b(?:previous|prior|earlier|above|other|all|any|system|safety|user'?s?)\b[^.\n]{0,30}?"
    r"\b(?:instructions?|prompts?|rules?|guidelines?|policy|policies|messages?|directions?|orders?)\b",
    re.IGNORECASE,
)
_SECRECY = re.compile(
    r"\b(?:do not|don'?t|never|must not|should not|without|avoid)\s+"
    r"(?:ever\s+)?(?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)?|reveal(?:ing)?|notify(?:ing)?|"
    r"alert(?:ing)?|show(?:ing)?|disclos(?:e|ing)|explain(?:ing)?|report(?:ing)?|say(?:ing)?|"
    r"ask(?:ing)?|warn(?:ing)?|let(?:ting)?)\b[^.\n]{0,60}?"
    r"\b(?:the\s+)?(?:user|users|human|person|operator|anyone|anybody|this|these|it|that|them)\b"
    r"|\b(?:user|human|operator)\b[^.\n]{0,30}?\b(?:must not|should not|need not|does not need to|"
    r"doesn'?t need to|may not|cannot|must never|should never)\s+"
    r"(?:know|see|notice|be (?:told|informed|aware))",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:before|after|prior to|when(?:ever)?|each time|every time)\b[^.\n]{0,60}?"
    r"\b(?:call(?:ing)?|us(?:e|ing)|invok(?:e|ing)|run(?:ning)?)\b[^.\n]{0,40}?"
    r"\b(?:tools?|functions?|this|it)\b[^.\n]{0,40}?"
    r"\b(?:you must|must|first|always|make sure|be sure|you should|you have to|remember to)\b"
    r"|\b(?:you|the (?:model|assistant|agent|ai|llm))\s+"
    r"(?:must|have to|are required to|is required to|shall)\s+"
    r"(?:always\s+|first\s+|also\s+)*(?:read|call|send|include|pass|fetch|open|execute|run|"
    r"use|forward|copy|upload|append|add|attach|bcc|cc)\b",
    re.IGNORECASE,
)
_SECRETS = re.compile(
    r"~/\.|\bid_rsa\b|\bid_ed25519\b|\.ssh\b|\.aws/credentials|\.env\b|\bmcp\.json\b|/etc/(?:passwd|shadow)"
    r"|\b(?:api keys?|private keys?|ssh keys?|credentials|passwords?|access tokens?|system prompt|"
    r"conversation history|chat history)\b",
    re.IGNORECASE,
)
_TAKE = re.compile(
    r"\b(?:read|include|send|pass|attach|paste|put|provide|append|copy|upload|forward|add|supply|"
    r"give|leak|exfiltrate|fetch|summari[sz]e|load)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?]\s|\n")


@dataclass(frozen=True)
class Suspicion:
    """Something in a tool's description that is not a description.

    Attributes:
        tool: The tool's name.
        place: Where it is: ``description``, or the path of a parameter's description.
        kind: ``hidden text``, ``markup``, ``overrides instructions``, ``secrecy``,
            ``order to the model``, ``asks for secrets`` or ``too long``.
        words: The words, in one line.
    """

    tool: str
    place: str
    kind: str
    words: str

    def __str__(self) -> str:
        return f"the tool {self.tool!r} has {self.kind} in its {self.place}: {self.words}"


def suspicions(tool: Mapping[str, Any]) -> list[Suspicion]:
    """Return what is suspicious in all descriptions of a tool, as MCP or OpenAI describe it."""
    name = one_line(str(tool.get("name", "")), 100)
    found: list[Suspicion] = []
    for number, (place, text) in enumerate(_texts(tool, "")):
        if number >= MOST_TEXTS:
            found.append(Suspicion(name, place, "too long", f"more than {MOST_TEXTS:,} strings"))
            break
        if len(text) > LONGEST:
            words = f"{len(text):,} characters, of which {LONGEST:,} are read"
            found.append(Suspicion(name, place, "too long", words))
        found += [Suspicion(name, place, k, w) for k, w in read_description(text[:LONGEST])]
    return found


@reads_text("ignore all previous instructions", "do not tell the user", "<!--", "you must call",
            "before using this tool you must", "~/.ssh", "read ", "\u200b", ". ", "\n",
            limit=LONGEST)  # fmt: skip
def read_description(text: str) -> list[tuple[str, str]]:
    """Return the kinds of instructions in a description, each with its words.

    Raises:
        TooLong: If the string is longer than a description that is read.
    """
    check_length(text, LONGEST)
    found = []
    if match := _HIDDEN.search(text):
        around = text[max(match.start() - 20, 0) : match.end() + 40]
        found.append(("hidden text", one_line(ascii(around), 120)))
        text = _HIDDEN.sub("", text)
    kinds = (
        ("markup", _MARKUP),
        ("overrides instructions", _IGNORE),
        ("secrecy", _SECRECY),
        ("order to the model", _ORDER),
    )
    for kind, pattern in kinds:
        if match := pattern.search(text):
            found.append((kind, one_line(text[match.start() : match.end() + 80], 160)))
    for sentence in _SENTENCE.split(text):
        if (secret := _SECRETS.search(sentence)) and _TAKE.search(sentence, 0, secret.end()):
            found.append(("asks for secrets", one_line(sentence, 160)))
            break
    return found


def _texts(value: Any, place: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield every string of a tool but its name, with where it is."""
    if isinstance(value, str):
        yield place, value
    elif depth > DEEPEST:
        return
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if depth or key != "name":
                yield from _texts(item, f"{place}.{key}" if place else str(key), depth + 1)
            if not str(key).isidentifier():
                yield f"{place} (a name)", str(key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{place}[{number}]", depth + 1)
