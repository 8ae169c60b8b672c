"""The content of a control file, read by the format that its name says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from allegiance.probe.controls.lines import read_flat, read_ini
from allegiance.probe.controls.setting import Setting
from allegiance.probe.controls.structured import read_json, read_toml
from allegiance.probe.controls.yaml_text import NotParsed, read_yaml
from allegiance.reading import TooLong

Reader = Callable[[str], list[Setting]]

_READERS: dict[str, Reader] = {
    **dict.fromkeys(("yaml", "yml"), read_yaml),
    **dict.fromkeys(("json", "jsonc", "json5"), read_json),
    "toml": read_toml,
    **dict.fromkeys(("ini", "service", "timer", "socket", "target", "desktop"), read_ini),
    **dict.fromkeys(("env", "properties"), read_flat),
}
_NOTES = ("md", "txt", "rst", "adoc", "html", "log")
_ANY: tuple[Reader, ...] = (read_json, read_yaml, read_toml, read_ini)


@dataclass(frozen=True, eq=False)
class Content:
    """What a control file says.

    Attributes:
        settings: Its settings, in the order of the file; of one that does not parse, what its
            lines seem to say.
        fault: Why it does not parse as what its name says, or empty.
        refused: Why it is not read at all, or empty: it is too long, too deep or too large.
    """

    settings: tuple[Setting, ...] = ()
    fault: str = ""
    refused: str = ""

    @property
    def works(self) -> bool:
        """Whether a program can read it."""
        return not (self.fault or self.refused)


def content(name: str, text: str) -> Content:
    """Return what a file says.

    Args:
        name: The name of the file, which says its format.
        text: The text of the file.
    """
    return _content(_ending(name), text)


def _ending(name: str) -> str:
    last = name.strip().rsplit("/", 1)[-1].casefold()
    if last.startswith((".env", "env.")):
        return "env"
    return last.rsplit(".", 1)[-1] if "." in last else ""


@lru_cache(maxsize=64)  # a call and its result share their texts, for every required setting
def _content(ending: str, text: str) -> Content:
    try:
        if reader := _READERS.get(ending):
            try:
                return Content(tuple(reader(text)))
            except NotParsed as error:
                return Content(tuple(_guess(text)), fault=str(error))
        if ending in _NOTES and not _is_mapping(text):
            return Content()
        return Content(tuple(_guess(text)))
    except TooLong as error:
        return Content(refused=str(error))


def _is_mapping(text: str) -> bool:
    try:
        return bool(read_yaml(text))
    except NotParsed:
        return False


def _guess(text: str) -> list[Setting]:
    """Return the settings by the first format that a text parses as, else line by line."""
    for reader in _ANY:
        try:
            if settings := reader(text):
                return settings
        except NotParsed:
            continue
    return read_flat(text)
