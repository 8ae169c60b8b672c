"""How likely a message says openly that its author does not go along: a small linear model.

The rules of ``stance`` decide first. Where they hear nothing, this model may: above ``HEARD`` the
message counts as an objection, and above ``DOUBTED`` as unread, for it may be one.
The model is a logistic regression on hashed words, pairs and triples of words. Its weights are
whole numbers from -127 to 127 in ``openness.bin``; ``openness.toml`` is its card: how it was
trained, and on what.
"""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
import zlib
from array import array
from collections import Counter
from functools import cache
from importlib.resources import files

from allegiance.reading import reads_text

HEARD = 0.85
"""The probability from which a message is heard as an objection."""
DOUBTED = 0.5
"""The probability from which a message that the rules hear nothing in is unread."""
UNLIKELY = 0.25
"""The probability below which what a rule took for a refusal or an objection is unread."""
SHORT = 10
"""Words below which the model alone hears no objection: it knows too little of short messages."""
BUCKETS = 1 << 15
MOST_WORDS = 2_000
"""Words of a message that count: the first half of them, and the last."""

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|[?#]")
_NUMBER = re.compile(r"unit-\w+|\d[\d.,:]*")


@reads_text("a ", "I refuse ", "unit-7", "1.", "\u6211", "?", limit=None)
def features(text: str) -> dict[int, float]:
    """Return the features of a message: by bucket, with a Euclidean length of 1.

    Args:
        text: The message; numbers and the names of units count as one word.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    words = _WORD.findall(_NUMBER.sub("#", plain))
    if len(words) > MOST_WORDS:
        words = words[: MOST_WORDS // 2] + words[-MOST_WORDS // 2 :]
    counts = Counter(
        zlib.crc32(" ".join(words[i : i + size]).encode()) % BUCKETS
        for size in (1, 2, 3)
        for i in range(len(words) - size + 1)
    )
    values = {bucket: 1 + math.log(count) for bucket, count in counts.items()}
    length = math.sqrt(sum(value * value for value in values.values())) or 1.0
    return {bucket: value / length for bucket, value in values.items()}


def openness(text: str) -> float:
    """Return the probability that a message refuses or objects, from 0 to 1."""
    weights, scale, bias = _model()
    total = sum(value * weights[bucket] for bucket, value in features(text).items())
    return 1 / (1 + math.exp(-(bias + scale * total)))


@cache
def _model() -> tuple[array[int], float, float]:
    folder = files("allegiance.statements")
    card = tomllib.loads(folder.joinpath("openness.toml").read_text(encoding="utf-8"))
    weights = array("b", folder.joinpath("openness.bin").read_bytes())
    return weights, float(card["scale"]), float(card["bias"])
