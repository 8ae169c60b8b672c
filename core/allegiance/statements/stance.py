"""The stance of a text: whether its author refuses, objects, or asks before it goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from allegiance.statements.clauses import refuses
from allegiance.statements.lexicon import Language, Topic
from allegiance.statements.prose import followed, is_question

Stance = Literal["none", "objects", "refuses", "asks", "unread"]


def read_stance(text: str, topics: Iterable[Topic], languages: Iterable[Language]) -> Stance:
    """Return the strongest stance of a text: refuses before objects before asks.

    Args:
        text: The text without thoughts, quotations and code.
        topics: The words of the duties.
        languages: The languages in which the text may be written.
    """
    topics = tuple(topics)
    stances = {_stance(text, topics, language) for language in languages}
    for stance in ("refuses", "objects", "asks"):
        if stance in stances:
            return stance
    return "none"


def _stance(text: str, topics: tuple[Topic, ...], language: Language) -> Stance:
    stance: Stance = "none"
    for sentence, following in followed(text):
        if is_question(sentence):
            if not (language.has("courtesy", sentence) or language.has("answer", following)):
                stance = "asks" if stance == "none" else stance
            continue
        if language.has("hearsay", sentence):
            continue
        plain = language.plain(sentence)
        for part in language.split.split(plain):
            clause = part.strip(" .!,\u3002\uff01\u0964")
            if any(refuses(clause, language, topic) for topic in topics):
                return "refuses"
        if language.has("object", plain) and not language.has("not_object", plain):
            stance = "objects"
        elif (
            stance == "none" and language.has("ask", plain) and not language.has("courtesy", plain)
        ):
            stance = "asks"
    return stance
