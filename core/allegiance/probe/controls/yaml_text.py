"""YAML: every document, anchors, aliases, merge keys, tags, and keys that occur twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allegiance.probe.controls.setting import (
    DEEPEST,
    ITEM,
    LONGEST_CONTROL,
    MOST,
    Children,
    Leaf,
    Setting,
    Type,
    walk,
)
from allegiance.reading import TooLong, check_length, reads_text

MOST_ALIASES = 100
"""The most aliases of a file."""
MOST_DOCUMENTS = 100
LONGEST_NUMBER = 100
_TAG = "tag:yaml.org,2002:"
_TYPES: dict[str, Type] = {
    f"{_TAG}bool": "bool",
    f"{_TAG}int": "number",
    f"{_TAG}float": "number",
    f"{_TAG}null": "null",
    f"{_TAG}str": "string",
    f"{_TAG}timestamp": "string",
    f"{_TAG}value": "string",
}
_ERRORS = (ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
"""What the library's constructors raise for values that do not fit their tags."""


class NotParsed(ValueError):
    """A file does not parse as what its name says."""


@reads_text(
    *(
        "a: 1\n",
        "- ",
        "? ",
        ": ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "<<: *a\n",
        "!!str ",
        "!x ",
    ),
    *("|\n", ">\n", '"', "'", "#", "---\n", "...\n", "%YAML 1.1\n", "\t", "\n ", "1:", "\\", "~"),
    limit=LONGEST_CONTROL,
)
def read_yaml(text: str) -> list[Setting]:
    """Return the settings of a YAML file; those of a later document are below ``document 2``.

    Raises:
        TooLong: If the file is longer, deeper or larger than what is read.
        NotParsed: If the file does not load, or a document is neither empty nor a mapping.
    """
    import yaml

    check_length(text, LONGEST_CONTROL)
    _check_size(text)
    with _parsing():
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        try:
            return _documents(loader)
        finally:
            loader.dispose()


@contextmanager
def _parsing() -> Iterator[None]:
    """Turn the library's errors into ``NotParsed`` and ``TooLong``."""
    import yaml

    try:
        yield
    except (TooLong, NotParsed):
        raise
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise NotParsed(f"{problem}{where}") from error
    except RecursionError as error:
        raise TooLong("it is nested too deeply") from error
    except _ERRORS as error:
        raise NotParsed(f"{type(error).__name__}: {error}") from error


@reads_text("[", "- ", "a, ", "*a ", limit=LONGEST_CONTROL)
def _check_size(text: str) -> None:
    """Refuse a file with too many or too deeply nested nodes, before anything is built of it."""
    import yaml

    check_length(text, LONGEST_CONTROL)
    depth = nodes = aliases = documents = 0
    with _parsing():
        for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            nodes += isinstance(event, yaml.NodeEvent)
            documents += isinstance(event, yaml.DocumentStartEvent)
            aliases += isinstance(event, yaml.AliasEvent)
            if depth > DEEPEST:
                raise TooLong(f"it is nested deeper than {DEEPEST} levels")
            if nodes > 2 * MOST:
                raise TooLong(f"it has more than {MOST:,} settings")
            if documents > MOST_DOCUMENTS:
                raise TooLong(f"it has more than {MOST_DOCUMENTS} documents")
            if aliases > MOST_ALIASES:
                raise TooLong(f"it has more than {MOST_ALIASES} aliases")


def _documents(loader: Any) -> list[Setting]:
    settings: list[Setting] = []
    number = 0
    while loader.check_node():
        node = loader.get_node()
        if node.tag == f"{_TAG}null":
            continue
        number += 1
        if node.id != "mapping":
            raise NotParsed("it is not a mapping of settings")
        reader = _Nodes(loader)
        start = () if number == 1 else (f"document {number}",)
        settings += walk(node, reader.expand, start)
        loader.construct_document(node)  # does it load? It changes the node, so it comes last
        if len(settings) > MOST:
            raise TooLong(f"it has more than {MOST:,} settings")
    return settings


class _Nodes:
    """Expands the nodes of one document; counts what merge keys add."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self.merged = 0

    def expand(self, node: Any) -> Leaf | Children:
        """Return the type and text of a scalar, or the type and children of a collection."""
        if node.id == "scalar":
            return self._type(node), node.value
        if node.id == "sequence":
            return "list", [(ITEM, child) for child in node.value]
        return "map", list(self._pairs(node, 0))

    def _pairs(self, node: Any, depth: int) -> Iterator[tuple[str, Any]]:
        """Yield the pairs of a mapping, those of merge keys only where no key of its own wins."""
        if depth > DEEPEST:
            raise TooLong(f"it is nested deeper than {DEEPEST} levels")
        keys: set[str] = set()
        sources: list[Any] = []
        for key, value in node.value:
            if key.tag == f"{_TAG}merge":
                sources += value.value if value.id == "sequence" else [value]
                continue
            if key.id != "scalar":
                raise NotParsed("a key is not a name")
            self._check_number(key)
            keys.add(key.value)
            yield key.value, value
        for source in sources:
            if source.id != "mapping":
                raise NotParsed("a merge key does not name a mapping")
            for name, value in list(self._pairs(source, depth + 1)):
                self.merged += 1
                if self.merged > MOST:
                    raise TooLong(f"it has more than {MOST:,} settings")
                if name not in keys:
                    keys.add(name)
                    yield name, value

    def _type(self, node: Any) -> Type:
        self._check_number(node)
        kind = _TYPES.get(node.tag, "other")
        plain = not node.style and kind == "string"
        if plain and self.loader.resolve(type(node), node.value, (True, False)) != node.tag:
            # the tag !!str makes a string of what would be a boolean or a number
            return "other" if node.tag == f"{_TAG}str" else "string"
        return kind

    @staticmethod
    def _check_number(node: Any) -> None:
        if node.tag != f"{_TAG}str" and node.id == "scalar" and len(node.value) > LONGEST_NUMBER:
            raise TooLong(f"a number has more than {LONGEST_NUMBER} characters")
