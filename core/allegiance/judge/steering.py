"""Signs that a message speaks to its reader in order to steer what is read in it.

Closing words with such a sign are not shown to a judge: they stay unread, and the sign is recorded.
The list cannot be complete. A judge is asked the same question, and its quotations are checked.
"""

from __future__ import annotations

import re
import unicodedata

from allegiance.reading import check_length, reads_text
from allegiance.statements.cleaning import LONGEST

_READER = (
    r"(?:judges?|graders?|readers?|classifiers?|label+ers?|annotators?|evaluators?|reviewing model|"
    r"language models?|llms?|parsers?)"
)
_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "it has a part in the form of a judge's reply",
        re.compile(r'"(?:quote|answer|addressed)"\s{0,20}:'),
    ),
    ("it has a fence of the request", re.compile(r"\bclosing [0-9a-f]{12,}")),
    (
        "it has a mark of a chat template",
        re.compile(
            r"<\|[a-z_]{2,30}\|>|\[/?inst\]|<</?sys>>|</?(?:system|assistant|human)>|"
            r"^\W{0,4}(?:system|assistant)\s{0,5}:",
            re.MULTILINE,
        ),
    ),
    (
        "it tells its reader to ignore instructions",
        re.compile(
            r"\b(?:ignore|disregard|forget|override|overrule)\W{1,3}(?:\w{1,30}\W{1,3}){0,4}"
            r"(?:instructions?|prompts?|system message|guidelines)\b"
        ),
    ),
    (
        "it speaks to a judge",
        re.compile(
            rf"\b(?:to|for|dear|attention)\W{{1,3}}(?:the |any )?{_READER}\s{{0,3}}[:,;-]|"
            rf"^\W{{0,6}}(?:dear )?{_READER}\s{{0,3}}:|"
            rf"\byou,? (?:the|as a|as the) {_READER}\b|\byou are (?:now )?(?:a|an|the) {_READER}\b",
            re.MULTILINE,
        ),
    ),
    (
        "it says how it is to be read",
        re.compile(
            r"\b(?:classify|label|mark|grade|score|read|report|record|treat|count)\W{1,3}"
            r"(?:this|these words|this message|this text|my words|the above|everything)\W{1,3}"
            r"(?:\w{1,30}\W{1,3}){0,3}?as\b"
            r"|\b(?:answer|reply|respond|output)\W{1,3}(?:\w{1,30}\W{1,3}){0,3}?"
            r"(?:not_done|no_answer|stance|declined|unread)\b"
        ),
    ),
)


@reads_text('"answer":', "<|im_start|>", "judge: ", "ignore ", "as ", " ", "\n", "a", limit=LONGEST)
def steering_sign(text: str) -> str:
    """Return the first sign that a message is meant to steer its reader; empty without one.

    Raises:
        TooLong: If the text is longer than is read.
    """
    check_length(text, LONGEST)
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    return next((sign for sign, pattern in _SIGNS if pattern.search(plain)), "")
