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
from itertools import islice

from allegiance.reading import LONGEST, TooLong, check_length, reads_text

DEEPEST = 3
"""How many encodings inside each other are decoded, such as gzip in base64."""
MOST = 12 * LONGEST
"""The most characters of all forms of one text."""

_OTHERS = bytes(b for b in range(128) if not chr(b).isalnum())
_NOT_ALNUM = bytes(b for b in range(256) if b > 127 or not chr(b).isalnum())
_WORD = re.compile(r"[0-9A-Za-z]+")
_BASE64 = re.compile(r"[0-9A-Za-z+/_\-]{4,}")
_MIXED = re.compile(r"[a-z][A-Z]|[0-9][A-Za-z]")
_NUMBERS = re.compile(r"(?:[0-9][^0-9]{0,12}){8}")
_CAPITALS = re.compile(r"(?<![0-9A-Za-z])[A-Z2-7]{8}[^0-9A-Za-z]{0,4}[A-Z2-7]{8}")
_LONG_WORD = re.compile(r"(?<![0-9A-Za-z])[a-z2-7]{24}")
_CAMEL = re.compile(r"[a-z][A-Z]")
_DIGITS = re.compile(r"[0-9](?:[^0-9]{0,6}[0-9])+")
_LABEL = re.compile(
    r"^[ \t]{0,8}[\"'(\[{]?(?:[A-Za-z]{1,12}[ _.\-]?)?[0-9]{1,8}[\"')\]}]?[ \t]{0,8}[:.=|>)\t, \-]+"
    r"|[\"'][0-9A-Za-z_]{1,12}[\"'][ \t]{0,8}:",
    re.MULTILINE,
)
_DUMPED = re.compile(r"^[0-9a-fA-F]{6,10}:?[ \t]{1,4}([^\n]{2,100})", re.MULTILINE)
_HEX = "0123456789abcdefABCDEF"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_URL_SAFE = str.maketrans("-_", "+/")
_PACKED = (b"\x1f\x8b\x08", b"\x78\x9c", b"\x78\xda", b"\x78\x01", b"\x78\x5e")
_CHUNK = 65_536
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
    size, parts = 0, []
    for start in range(0, len(text), _CHUNK):
        # combining characters go first: to put a long row of them in order takes quadratic time
        bare = "".join(c for c in text[start : start + _CHUNK] if not unicodedata.combining(c))
        folded = unicodedata.normalize("NFKD", bare).casefold()
        size += len(folded)
        if size > 4 * LONGEST:  # one character may stand for eighteen
            raise TooLong(f"the text stands for more than {4 * LONGEST:,} characters")
        parts.append("".join(filter(str.isalnum, folded)))
    return "".join(parts)


@reads_text("1", "1a", "a", "1abcdef", "1abcdefg", "12", limit=None)
def numbered_parts(form: str) -> list[tuple[int, int]]:
    """Return where digits stand so close together that a window of eight has two of them."""
    return [match.span() for match in _DIGITS.finditer(form)]


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
    if not (_count_digits(text) or _CAMEL.search(text)):
        return (normal(text),)  # prose, which encodes nothing
    forms: dict[str, None] = {normal(text): None}
    size, level = len(text), [text]
    for _ in range(DEEPEST):
        deeper: list[str] = []
        for each in level:
            bare = _without_labels(each)
            if bare != each:
                forms[normal(bare)] = None
            for data in _decoded(each, bare):
                size += len(data)
                check_length_of_all(size)
                forms.update(dict.fromkeys(_forms(data, binary=binary)))
                if _is_text(data):
                    deeper.append(data.decode("utf-8", "replace"))
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


def _decoded(text: str, bare: str) -> Iterator[bytes]:
    """Yield what the runs of a text stand for in each encoding, and the same unpacked.

    Args:
        text: The text.
        bare: The text without labels.
    """
    for each in (text,) if bare == text else (text, bare):
        for data in (*_from_words(each), *_from_base64(each)):
            yield data
            yield from _unpacked(data)


def _count_digits(text: str) -> int:
    raw = text.encode("ascii", "ignore")
    return len(raw) - len(raw.translate(None, b"0123456789"))


@reads_text("1: ", '"a":', "1", " ", "[", "note ", "1)", "\n")
def _without_labels(text: str) -> str:
    """Return a text without line numbers and keys; the text itself if there are few."""
    check_length(text)
    if _count_digits(text) < 4 and text.count(":") < 4:
        return text
    bare, count = _LABEL.subn(" ", text)
    return bare if count >= 4 else text


@reads_text("0x", "\\x", "31", "255, ", "GEZDGNBV", "=", " ")
def _from_words(text: str) -> Iterator[bytes]:
    """Yield what hexadecimal, lists of bytes and base32 stand for."""
    check_length(text)
    if not (_NUMBERS.search(text) or _CAPITALS.search(text) or _LONG_WORD.search(text)):
        return
    if dump := _from_dump(text):
        yield dump
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
    coded += [
        word.upper()
        for word in words
        if len(word) > 23 and word.islower() and not word.upper().strip(_BASE32)
    ]
    if coded:
        yield b"\n".join(_base32(run) for run in coded)
        if "=" in text:
            pieces = (word for word in words if not word.strip(_BASE32))
            yield b"".join(_base32(piece) for piece in pieces)


@reads_text("00000010  31 32", "|", " ", "\n", ": ")
def _from_dump(text: str) -> bytes:
    """Return the bytes of a hexadecimal dump, without its addresses and its column of text."""
    check_length(text)
    data: list[str] = []
    for line in _DUMPED.findall(text):
        size = 32
        for word in line.split()[:17]:
            if size < len(word) or len(word) % 2 or word.strip(_HEX):
                break
            data.append(word)
            size -= len(word)
    return bytes.fromhex("".join(data))


@reads_text("=", "MTI0", "aB3", "-_", " ", "\n")
def _from_base64(text: str) -> Iterator[bytes]:
    """Yield what base64 stands for, whatever alphabet, line length and prefix it has."""
    check_length(text)
    if not any(islice(_MIXED.finditer(text), 2, 3)):
        return
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
    return not (word.islower() or word.istitle()) and word.lower() != word.upper()


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


@reads_text("A", "=", "GEZDGNBV")
def _base32(run: str) -> bytes:
    check_length(run)
    whole = run[: len(run) - len(run) % 8] if len(run) % 8 in (1, 3, 6) else run
    return base64.b32decode(whole + "=" * (-len(whole) % 8))


@reads_text("\x1f\x8b\x08", "x\x9c", "x\xda", "\0", limit=MOST)
def _unpacked(data: bytes) -> Iterator[bytes]:
    """Yield what is packed in data by gzip or zlib.

    Raises:
        TooLong: If it unpacks to more than ``LONGEST`` bytes.
    """
    check_length(data, MOST)
    for sign in _PACKED:
        start, tries = data.find(sign), 0
        while start >= 0 and tries < _TRIES:
            plain = _inflated(data[start:])
            if len(plain) >= LONGEST:
                raise TooLong(f"what is packed in the text has more than {LONGEST:,} bytes")
            if plain:
                yield plain
            start, tries = data.find(sign, start + 1), tries + 1


@reads_text("\x1f\x8b\x08", "x\x9c", "\0", limit=MOST)
def _inflated(data: bytes) -> bytes:
    """Return what packed data stands for, up to the place where it is damaged or too long."""
    check_length(data, MOST)
    inflate, parts, size, start, step = zlib.decompressobj(47), [b""], 0, 0, 4096
    while start < len(data) and size < LONGEST and not inflate.eof:
        attempt = inflate.copy()
        try:
            parts.append(attempt.decompress(data[start : start + step], LONGEST))
        except zlib.error:
            if step == 1:
                break
            step = 1 if step == 64 else 64  # what stands before the damage is wanted, too
            continue
        inflate, start, size = attempt, start + step, size + len(parts[-1])
    return b"".join(parts)
