"""Opening a text file whatever its compression and encoding.

Gzip, Zstandard, and the byte order marks of UTF-8 and UTF-16 are detected from the first bytes.
"""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, TextIO, cast

from allegiance.errors import needed_by
from allegiance.store.reader import LONGEST

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_RATIO = 200
"""How many times its own size a file may unpack to, beyond the first ``LONGEST`` bytes."""


class TooMuch(OSError):
    """A compressed file unpacks to so much more than its size that reading it is refused."""


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a file as text.

    Raises:
        OSError: If it cannot be read, or is damaged or unpacks to too much.
        UnicodeDecodeError: While reading, if it is neither UTF-8 nor marked as UTF-16.
        UserError: If a package is missing that unpacks it.
    """
    with path.open("rb") as raw, _unpacked(path, raw) as data:
        buffered = io.BufferedReader(cast("io.RawIOBase", data), 1 << 20)
        mark = buffered.peek(2)[:2]
        encoding = "utf-16" if mark in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        with io.TextIOWrapper(buffered, encoding=encoding) as file:
            yield file


def read_head(path: Path, size: int) -> bytes:
    """Return the first bytes of a file, unpacked.

    Raises:
        OSError: If it cannot be read.
        UserError: If a package is missing that unpacks it.
    """
    with path.open("rb") as raw, _unpacked(path, raw) as data:
        return data.read(size)


@contextmanager
def _unpacked(path: Path, raw: BinaryIO) -> Iterator[IO[bytes]]:
    magic = raw.read(4)
    raw.seek(0)
    most = LONGEST + _RATIO * path.stat().st_size
    if magic.startswith(_GZIP):
        with gzip.GzipFile(fileobj=raw) as data:
            yield cast("IO[bytes]", _Bounded(cast("IO[bytes]", data), most))
    elif magic == _ZSTD:
        yield cast("IO[bytes]", _Bounded(_zstd(path, raw), most))
    else:
        yield raw


def _zstd(path: Path, raw: BinaryIO) -> IO[bytes]:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return cast("IO[bytes]", zstd.open(raw))
    with needed_by(f"{str(path)!r}, a file compressed by Zstandard,", "scan"):
        from zstandard import ZstdDecompressor
    reader = ZstdDecompressor(max_window_size=1 << 27).stream_reader(raw, read_across_frames=True)
    return cast("IO[bytes]", reader)


class _Bounded(io.RawIOBase):
    """A stream that refuses to give more than a number of bytes, and whose errors are OSErrors."""

    def __init__(self, data: IO[bytes], most: int) -> None:
        self._data = data
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        try:
            part = self._data.read(len(view))
        except OSError:
            raise
        except Exception as error:  # each library that unpacks has errors of its own
            raise OSError(f"it is cut off or damaged ({error})") from error
        self._left -= len(part)
        if self._left < 0:
            raise TooMuch(f"it unpacks to more than {_RATIO} times its size, and is not read")
        view[: len(part)] = part
        return len(part)
