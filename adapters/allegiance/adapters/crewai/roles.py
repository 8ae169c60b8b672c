"""The model in a CrewAI role: a performer's turns, or any CrewAI LLM."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allegiance.adapters.crewai import home as _crewai_home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import BaseLLM
from crewai.llms.base_llm import call_stop_override
from crewai.utilities.agent_utils import extract_tool_call_info
from pydantic import BaseModel

from allegiance.adapters.crewai.models import Tap, client_timeout, provider_llm, unstreamed
from allegiance.adapters.crewai.tools import AS_TEXT, TrialOver, current_trial
from allegiance.errors import UserError
from allegiance.play.model_call import ModelRequest, call_model
from allegiance.play.recorder import Recorder
from allegiance.play.session import Session
from allegiance.provider.retry import retrying
from allegiance.scenario.roles import PEER_SCRIPT, Model

NO_ANSWER = "(no answer)"
"""Stands for an empty answer, for which the framework would run the whole task again."""


class Speaker(BaseLLM):
    """A model without a provider; CrewAI must not count, cut or summarise for it."""

    def call(self, messages: Any, tools: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Answer."""
        raise NotImplementedError

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """Answer, from a thread."""
        return await asyncio.to_thread(self.call, *args, **kwargs)

    def get_input_tokens_count(self, *args: Any, **kwargs: Any) -> int:
        """Return 0: nothing is ever too long."""
        return 0


class Intake(Speaker):
    """Says that the material is in place, where the condition has no peer to say it.

    Attributes:
        text: What it says.
    """

    text: str

    def call(self, messages: Any, tools: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Record and return the text."""
        trial = current_trial()
        trial.check()
        trial.session.recorder.message("intake", self.text)
        return self.text


@dataclass(frozen=True)
class _Said:
    """One turn of a model: its text, its calls, or the data it was asked for; and its tokens."""

    text: str = ""
    calls: Sequence[Any] = ()
    data: BaseModel | None = None
    spent: tuple[int, int] = (0, 0)


class RoleLLM(Speaker):
    """The model in a role: a performer's turns, or any CrewAI LLM, recorded and retried.

    Attributes:
        role: Whose turns these are in the trace.
        inner: The model that answers; none where a performer does.
        tap: Hears the text that the inner model's client drops, if it can be heard.
        path: Provider path and name of the inner model.
        kept: Whether its answers may be kept.
    """

    role: str
    inner: Any = None
    tap: Any = None
    path: str = ""
    kept: bool = False

    def call(self, messages: Any, tools: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Take a turn and return its text, or its tool calls."""
        trial = current_trial()
        trial.check()
        current = trial.session

        def perform() -> _Said:
            trial.check()
            return self._perform(current)

        def asked() -> _Said:
            trial.check()
            before = self._tokens()
            with call_stop_override(self.inner, list(self.stop_sequences)):
                said = self._heard(self.inner.call(messages, tools, *args, **kwargs))
            spent = [after - b for after, b in zip(self._tokens(), before, strict=True)]
            return replace(said, spent=(spent[0], spent[1]))

        try:
            current.check_turns()
            cached = False
            if self.inner is None:
                said = retrying(current.attempts, current.backoff)(perform)
            else:
                said, cached = call_model(current, self._question(messages, tools, kwargs), asked)
            current.recorder.turn(self.role, said.text, *said.spent, cached=cached)
            return self._handed_on(said, tools or [], current.recorder)
        except TrialOver:
            raise
        except Exception as error:  # noqa: BLE001 - raised again from play(), as it is
            caught = error
        raise trial.ended_by(caught)

    def _question(
        self, messages: Any, tools: Any, options: Mapping[str, Any]
    ) -> ModelRequest[_Said]:
        form = options.get("response_model")

        def request() -> object:
            return ["crewai", self.role, messages, tools, list(self.stop_sequences), form]

        return ModelRequest(self.path, request, _written, lambda text: _read(text, form), self.kept)

    def _perform(self, current: Session) -> _Said:
        turn = current.script_players[self.role].turn()
        time.sleep(turn.seconds)
        turns = current.recorder.turns
        calls = [
            _call(f"{self.role}-{turns}-{n}", call.tool, call.args)
            for n, call in enumerate(turn.calls)
        ]
        return _Said(turn.text, calls)

    def _heard(self, answer: Any) -> _Said:
        if isinstance(answer, list):
            return _Said(self.tap.text if self.tap else "", [_repaired(call) for call in answer])
        if isinstance(answer, BaseModel):
            return _Said(answer.model_dump_json(), data=answer)
        return _Said(str(answer or ""))

    def _handed_on(self, said: _Said, tools: Sequence[Any], recorder: Recorder) -> Any:
        """Return what CrewAI gets of a turn; note the calls that will not reach the world."""
        offered = {tool["function"]["name"] for tool in tools}
        for call in said.calls:
            _, name, args = extract_tool_call_info(call) or ("", "", {})
            given = json.loads(args) if isinstance(args, str) else args
            if name not in offered:
                error = f"Error: {name} is not a valid tool"
                recorder.note(self.role, name, given, error, ok=False)
            elif name not in recorder.tools:
                recorder.note(self.role, name, given, "(a tool of the app's own)")
        if said.calls and offered:
            return said.calls
        return said.data or said.text or NO_ANSWER

    def _tokens(self) -> tuple[int, int]:
        if self.inner is None:
            return 0, 0
        usage = self.inner.get_token_usage_summary()
        return usage.prompt_tokens, usage.completion_tokens

    def supports_function_calling(self) -> bool:
        """Tell whether tools are called natively, or in the text."""
        return self.inner is None or bool(self.inner.supports_function_calling())

    def supports_stop_words(self) -> bool:
        """Tell whether the model stops at words."""
        return self.inner is not None and bool(self.inner.supports_stop_words())

    def supports_multimodal(self) -> bool:
        """Tell whether the model takes images."""
        return self.inner is not None and bool(self.inner.supports_multimodal())

    def get_context_window_size(self) -> int:
        """Return the inner model's window."""
        return sys.maxsize if self.inner is None else int(self.inner.get_context_window_size())

    def get_input_tokens_count(self, *args: Any, **kwargs: Any) -> int:
        """Return the inner model's count."""
        return 0 if self.inner is None else int(self.inner.get_input_tokens_count(*args, **kwargs))

    def summarize_messages(self, *args: Any, **kwargs: Any) -> None:
        """Have the inner model summarise: the framework's own request, and no turn."""
        if self.inner is not None:
            self.inner.summarize_messages(*args, **kwargs)


def _call(call_id: str, name: str, args: Mapping[str, Any] | str) -> dict[str, Any]:
    """Return a call as the framework takes it, whatever its arguments are."""
    text = json.dumps({AS_TEXT: args} if isinstance(args, str) else dict(args))
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def _repaired(call: Any) -> Any:
    """Return an unreadable call as one that reaches the tool and is answered with an error."""
    info = extract_tool_call_info(call)
    if info is None:
        return call
    call_id, name, args = info
    if isinstance(args, str):
        try:
            readable = isinstance(json.loads(args), dict)
        except (ValueError, RecursionError):
            readable = False
        return call if readable else _call(call_id, name, args)
    return call if isinstance(args, dict) else _call(call_id, name, json.dumps(args))


def _written(said: _Said) -> str:
    """Return a turn as JSON.

    Raises:
        TypeError: If a call is not in the form of the OpenAI protocol: it may hold what its
            provider wants to see again.
    """
    calls = [
        call if isinstance(call, dict) else call.model_dump(mode="json") for call in said.calls
    ]
    if not all("function" in call for call in calls):
        raise TypeError("a call in a form of its provider's own")
    data = said.data is not None
    return json.dumps({"text": said.text, "calls": calls, "data": data, "spent": said.spent})


def _read(text: str, form: Any) -> _Said:
    found = json.loads(text)
    data = form.model_validate_json(found["text"]) if found["data"] else None
    prompt, completion = found["spent"]
    return _Said(str(found["text"]), list(found["calls"]), data, (int(prompt), int(completion)))


def role_llm(model: Model, role: str) -> RoleLLM:
    """Return the native model for a role.

    Raises:
        UserError: If the provider is unknown, its package is missing, or the object given from
            Python is not a CrewAI LLM.
    """
    if model.scripted_agent is not None or model is PEER_SCRIPT:
        return RoleLLM(model=model.spec, role=role)
    path = f"{model.path} {model.spec}"
    if model.native is not None:
        if not isinstance(model.native, BaseLLM):
            raise UserError(
                f"{model.spec!r} is a {type(model.native).__name__}, not a CrewAI LLM; give a "
                "crewai.LLM or another BaseLLM"
            )
        return RoleLLM(model=model.spec, role=role, inner=unstreamed(model.native), path=path)
    tap: Tap | None = Tap()
    try:
        inner = provider_llm(model, interceptor=tap, max_retries=0, **client_timeout())
    except NotImplementedError:  # a client that cannot be tapped
        inner, tap = provider_llm(model), None
    return RoleLLM(model=model.spec, role=role, inner=inner, tap=tap, path=path, kept=True)
