"""The forms that content takes when it is passed on: other separators, hexadecimal, base64, gzip.

``normal`` reduces a text to letters and digits. ``views`` adds what an encoded text stands for.
Nothing is guessed from a name or a heading: each run of characters that could be an encoding is
decoded, and what is nonsense matches no content.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator

from allegiance.reading import LONGEST, TooLong, check_length, reads_text

DEEPEST = 3
"""How many encodings inside each other are decoded, such as gzip in base64."""
MOST = 12 * LONGEST
"""The most characters of all forms of one text."""

_OTHERS = bytes(b for b in range(128) if not chr(b).isalnum())
_NOT_ALNUM = bytes(b for b in range(256) if b > 127 or not chr(b).isalnum())
_WORD = re.compile(r"[0-9A-Za-z]+")
_BASE64 = re.compile(r"[0-9A-Za-z+/_\-]{4,}")
_LABEL = re.compile(
    r"^[ \t]{0,8}[\"'(\[{]?(?:[A-Za-z]{1,12}[ _.\-]?)?[0-9]{1,8}[\"')\]}]?[ \t]{0,8}[:.=|>)\t, \-]+"
    r"|[\"'][0-9A-Za-z_]{1,12}[\"'][ \t]{0,8}:",
    re.MULTILINE,
)
_HEX = "0123456789abcdefABCDEF"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_URL_SAFE = str.maketrans("-_", "+/")
_PACKED = (b"\x1f\x8b\x08", b"\x78\x9c", b"\x78\xda", b"\x78\x01", b"\x78\x5e")
_TRIES = 8
"""How often each sign of packed data is tried in one piece of data; it occurs by chance, too."""


def normal(text: str) -> str:
    """Return the letters and digits of a text, case folded, without accents.

    Raises:
        TooLong: If the text has more than ``LONGEST`` characters, or far more when folded.
    """
    check_length(text)
    if text.isascii():
        return text.lower().encode().translate(None, _OTHERS).decode()
    # combining characters go first: to put a long row of them in order takes quadratic time
    bare = "".join(c for c in text if not unicodedata.combining(c))
    folded = unicodedata.normalize("NFKD", bare).casefold()
    check_length(folded, 4 * LONGEST)
    return "".join(filter(str.isalnum, folded))


@reads_text("=", "0x", "\\x", "31", "H4sI", "eJw", "MTI0", "GEZDGNBV", "1: ", '"a":', "255, ", " ")
def views(text: str, *, binary: bool = False) -> tuple[str, ...]:
    """Return the normal forms of a text and of everything that is encoded in it.

    Args:
        text: The text.
        binary: Whether data that is no text is wanted, too, in hexadecimal.

    Raises:
        TooLong: If the text, or what it unpacks to, is too long.
    """
    check_length(text)
    forms: dict[str, None] = {normal(text): None}
    size, level = len(text), [text]
    for _ in range(DEEPEST):
        deeper: list[str] = []
        for each in level:
            for data in _decoded(each):
                size += len(data)
                check_length_of_all(size)
                for form in _forms(data, binary=binary):
                    forms[form] = None
                if _is_text(data):
                    deeper.append(data.decode("utf-8", "replace"))
            if (bare := _without_labels(each)) != each:
                forms[normal(bare)] = None
        level = deeper
    return tuple(form for form in forms if form)


def check_length_of_all(size: int) -> None:
    """Refuse a text whose forms are too long together.

    Raises:
        TooLong: If they have more than ``MOST`` characters.
    """
    if size > MOST:
        raise TooLong(f"the decoded text has more than {MOST:,} characters")


def _forms(data: bytes, *, binary: bool) -> Iterator[str]:
    """Yield the normal forms of decoded data."""
    if data.isascii():
        yield data.lower().translate(None, _OTHERS).decode()
    elif _is_text(data):
        yield normal(data.decode("utf-8", "replace"))
    else:  # text and nonsense, such as after several runs that begin at different places
        yield data.lower().translate(None, _NOT_ALNUM).decode()
    if binary:
        yield data.hex()


def _is_text(data: bytes) -> bool:
    """Tell whether data looks like text that may be encoded again."""
    sample = data[:4096].replace(b"\0", b"")
    return len(sample) >= 12 and len(sample.translate(None, _NOT_ALNUM)) * 2 > len(sample)


def _decoded(text: str) -> Iterator[bytes]:
    """Yield what the runs of a text stand for in each encoding, and the same unpacked."""
    bare = _without_labels(text)
    for each in (text,) if bare == text else (text, bare):
        for data in (*_from_words(each), *_from_base64(each)):
            yield data
            yield from _unpacked(data)


def _without_labels(text: str) -> str:
    """Return a text without line numbers and keys; the text itself if there are few."""
    bare, count = _LABEL.subn(" ", text)
    return bare if count >= 4 else text


def _from_words(text: str) -> Iterator[bytes]:
    """Yield what hexadecimal, lists of bytes and base32 stand for."""
    text = text.replace("0x", " ").replace("0X", " ").replace("\\x", " ")
    words = _WORD.findall(text)
    digits = "".join(_runs(words, 16, lambda word: len(word) > 1 and not word.strip(_HEX)))
    for start in (0, 1):
        if len(digits) >= 16:
            yield bytes.fromhex(digits[start : len(digits) - (len(digits) - start) % 2])
    numbers = list(_runs(words, 24, lambda word: len(word) < 4 and word.isdigit(), " "))
    if numbers:
        yield bytes(n for n in map(int, " ".join(numbers).split()) if n < 256)
    coded = list(_runs(words, 16, lambda word: len(word) > 7 and not word.strip(_BASE32)))
    coded += [word.upper() for word in words if len(word) > 23 and not word.upper().strip(_BASE32)]
    if coded:
        yield b"\n".join(_base32(run) for run in coded)
        if "=" in text:
            pieces = (word for word in words if not word.strip(_BASE32))
            yield b"".join(_base32(piece) for piece in pieces)


def _from_base64(text: str) -> Iterator[bytes]:
    """Yield what base64 stands for, whatever alphabet, line length and prefix it has."""
    words = _BASE64.findall(text)
    digits = "".join(_runs(words, 12, _mixed)).translate(_URL_SAFE)
    for start in range(4 if digits else 0):
        yield binascii.a2b_base64(digits[start : len(digits) - (len(digits) - start) % 4])
    if digits and "=" in text:  # pieces that are encoded one by one
        pieces = (word.translate(_URL_SAFE) for word in words if _mixed(word))
        yield b"".join(
            binascii.a2b_base64(f"{piece}{'=' * (-len(piece) % 4)}")
            for piece in pieces
            if len(piece) % 4 != 1
        )


def _mixed(word: str) -> bool:
    """Tell whether letters are mixed as in base64 and not as in a word, a name or a number."""
    plain = word.islower() or word.istitle() or (word.isupper() and len(word) < 8)
    return not plain and word.lower() != word.upper()


def _runs(
    words: Iterable[str], shortest: int, fits: Callable[[str], bool], joint: str = ""
) -> Iterator[str]:
    """Yield the words that fit, joined as long as they follow each other."""
    run: list[str] = []
    for word in (*words, ""):
        if word and fits(word):
            run.append(word)
        elif run:
            if len(whole := joint.join(run)) >= shortest:
                yield whole
            run = []


def _base32(run: str) -> bytes:
    whole = run[: len(run) - len(run) % 8] if len(run) % 8 in (1, 3, 6) else run
    return base64.b32decode(whole + "=" * (-len(whole) % 8))


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Yield what is packed in data by gzip or zlib.

    Raises:
        TooLong: If it unpacks to more than ``LONGEST`` bytes.
    """
    for sign in _PACKED:
        start, tries = data.find(sign), 0
        while start >= 0 and tries < _TRIES:
            inflate = zlib.decompressobj(47)
            try:
                plain = inflate.decompress(data[start:], LONGEST)
            except zlib.error:
                plain = b""
            if len(plain) == LONGEST:
                raise TooLong(f"what is packed in the text has more than {LONGEST:,} bytes")
            if plain:
                yield plain
            start, tries = data.find(sign, start + 1), tries + 1
