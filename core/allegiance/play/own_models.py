"""Agents of an app that use a model of their own, in place of the kit's, and keys that it lacks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from linecache import getline
from pathlib import Path
from traceback import walk_tb
from types import FrameType
from typing import Any

from allegiance.provider.keys import KEYS, missing_variable
from allegiance.trace.redact import redact
from allegiance.trace.text import sanitize

OWN = "agents with a model of their own"
KEYLESS = "models of the app's own without a key"
"""Notes in the provenance of a trial."""

LONGEST_NAME = 80
_MODELS = ("langchain", "autogen", "crewai")
"""How the packages begin that have the frameworks' models."""
_KINDS = {"BaseLanguageModel", "ChatCompletionClient", "BaseLLM"}
"""The frameworks' classes of models."""
_LIBRARIES = (*_MODELS, "langgraph", "openai", "anthropic", "pydantic", "allegiance")


class MissingKey(Exception):
    """An app makes a model of its own whose key is not set; the message names all three."""


@dataclass
class OwnModels:
    """The models of an app's own that a trial shows.

    Attributes:
        providers: The provider by agent and model; empty if it is not known.
        keyless: What is known of the models whose key is missing.
    """

    providers: dict[tuple[str, str], str] = field(default_factory=dict)
    keyless: dict[str, None] = field(default_factory=dict)

    def add(self, agent: object, model: object, provider: str = "", error: str = "") -> None:
        """Note an agent's own model, and that it failed if there is an error."""
        key = _short(agent), _short(model)
        self.providers[key] = provider
        if error:
            self._blame(key, provider, error)

    def blame(self, failure: BaseException, error: str) -> None:
        """Note the models that lack the key which the error of a trial says is missing."""
        for key, provider in sorted(self.providers.items()):
            if provider in KEYS:
                self._blame(key, provider, error)
        if not self.keyless and (text := describe_missing_key(failure)):
            self.keyless[text] = None

    def _blame(self, key: tuple[str, str], provider: str, error: str) -> None:
        variable = missing_variable(error, provider)
        if variable and variable in KEYS.get(provider, (variable,)):
            self.keyless[f"{_sentence(*key)}: {variable} is not set"] = None

    def notes(self) -> dict[str, str]:
        """Return the notes for the provenance of a trial."""
        named = "; ".join(_sentence(*key) for key in sorted(self.providers))
        notes = {OWN: named, KEYLESS: "; ".join(self.keyless)}
        return {name: text for name, text in notes.items() if text}


def _sentence(agent: str, model: str) -> str:
    return f"agent {agent!r} uses a model of its own ({model})"


def _short(name: object) -> str:
    return str(sanitize(str(name)))[:LONGEST_NAME]


def model_label(model: object) -> str:
    """Return the class of a framework's model, and the name of the model if it has one."""
    name = getattr(model, "model_name", None) or getattr(model, "model", None)
    kind = type(model).__name__
    return f"{kind} {name}" if isinstance(name, str) and name else kind


def describe_missing_key(error: BaseException) -> str:
    """Return where an app makes a model whose key is missing, and which; empty for other errors.

    The client's error does not name its model, so the frames that it passed are read.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    variable = missing_variable(str(error))
    if not variable:
        return ""
    place, model = "the app", ""
    for frame, line in walk_tb(error.__traceback__):
        root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if root.startswith(_MODELS):
            model = model or _made_in(frame)
        elif not root.startswith(_LIBRARIES) and root not in sys.stdlib_module_names:
            place, model = _place(frame.f_code.co_filename, line), ""
    shown = f" ({model})" if model else ""
    return f"{place} makes a model of its own{shown}: {variable} is not set"


def _place(file: str, line: int) -> str:
    """Return the place of a line with its code, which often has the name of the agent."""
    code = redact(getline(file, line).strip())[:LONGEST_NAME]
    return f"{Path(file).name}, line {line}" + (f" (`{code}`)" if code else ",")


def _made_in(frame: FrameType) -> str:
    """Return the model that a frame of a framework makes; empty if it makes none."""
    made = frame.f_locals.get("self")
    kinds = {base.__name__ for base in type(made).__mro__}
    if not kinds & _KINDS or type(made).__module__.startswith("allegiance"):
        return ""
    options: Any = frame.f_locals.get("kwargs")
    name = options.get("model") if isinstance(options, dict) else None
    return f"{type(made).__name__} {name}" if isinstance(name, str) else model_label(made)


def call_build(build: Callable[[Any], Any], kit: Any) -> Any:
    """Return what ``build(kit)`` returns.

    Raises:
        MissingKey: If it fails because the app makes a model of its own whose key is not set.
        Exception: Whatever else the function raises.
    """
    try:
        return build(kit)
    except Exception as error:
        if text := describe_missing_key(error):
            raise MissingKey(text) from error
        raise
