"""The model in a role, for the CrewAI adapter: a script or any CrewAI LLM."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import BaseLLM
from crewai.llms.base_llm import call_stop_override
from crewai.utilities.agent_utils import extract_tool_call_info
from pydantic import BaseModel

from allegiance.adapters.crewai.models import Tap, client_timeout, provider_llm, without_streaming
from allegiance.adapters.crewai.speakers import Speaker
from allegiance.adapters.crewai.tools import TrialOver, current_trial, prompt_text
from allegiance.errors import UserError
from allegiance.play.answer import AS_TEXT
from allegiance.play.model_call import ModelRequest, Reply, call_model
from allegiance.play.recorder import Recorder
from allegiance.play.session import Session
from allegiance.play.tool_call import call_args, call_name
from allegiance.provider.retry import retrying
from allegiance.reading import reads_text
from allegiance.scenario.roles import Model
from allegiance.trace.text import sanitize

NO_ANSWER = "(no answer)"
"""Replaces an empty answer, after which CrewAI would run the whole task again."""


@dataclass(frozen=True)
class _Answer:
    """One turn of a model.

    Attributes:
        text: The text.
        calls: The tool calls.
        data: The structured answer, if the request asked for one.
        spent: The tokens of the prompt and of the answer.
    """

    text: str = ""
    calls: Sequence[Any] = ()
    data: BaseModel | None = None
    spent: tuple[object, object] = (0, 0)


class RoleLLM(Speaker):
    """The model in a role: a script or any CrewAI LLM, with its turns recorded and retried.

    Attributes:
        role: The role that the turns are recorded for.
        inner: The model that answers; None for a script.
        tap: Reads the text that the inner model's client drops, if the client allows it.
        path: Provider path and name of the inner model.
        kept: Whether its answers may be stored in the cache.
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

        def perform() -> _Answer:
            trial.check()
            return self._perform(current)

        def ask() -> _Answer:
            trial.check()
            before = self._tokens()
            with call_stop_override(self.inner, list(self.stop_sequences)):
                answer = self._read_reply(self.inner.call(messages, tools, *args, **kwargs))
            spent = [after - b for after, b in zip(self._tokens(), before, strict=True)]
            return replace(answer, spent=(spent[0], spent[1]))

        try:
            current.check_turns()
            current.check_prompt(self.role, lambda: prompt_text(messages), acts=bool(tools))
            if self.inner is None:
                reply = Reply(retrying(current.attempts, current.backoff)(perform))
            else:
                reply = call_model(current, self._question(messages, tools, kwargs), ask)
            answer = reply.answer
            current.recorder.turn(
                *(self.role, answer.text, *answer.spent),
                cached=reply.cached,
                ending=reply.ending,
                calls=len(answer.calls),
                offered=[tool["function"]["name"] for tool in tools or ()],
                agent=_agent_name(kwargs.get("from_agent")) if current.shown else "",
            )
            return self._pass_on(answer, tools or [], current.recorder)
        except TrialOver:
            raise
        except Exception as error:  # noqa: BLE001 - play() raises the same error again
            caught = error
        raise trial.ended_by(caught)

    def _question(
        self, messages: Any, tools: Any, options: Mapping[str, Any]
    ) -> ModelRequest[_Answer]:
        form = options.get("response_model")

        def request() -> object:
            return ["crewai", self.role, messages, tools, list(self.stop_sequences), form]

        return ModelRequest(
            self.path, request, _write_answer, lambda text: _read_answer(text, form), self.kept
        )

    def _perform(self, current: Session) -> _Answer:
        turn = current.script_players[self.role].turn()
        time.sleep(turn.seconds)
        turns = current.recorder.turns
        calls = [
            _carried(_format_call(f"{self.role}-{turns}-{n}", call.tool, call.args))
            for n, call in enumerate(turn.calls)
        ]
        return _Answer(turn.text, calls)

    def _read_reply(self, answer: Any) -> _Answer:
        if isinstance(answer, list):
            text = sanitize(self.tap.text) if self.tap else ""
            return _Answer(text, [_carried(call) for call in answer])
        if isinstance(answer, BaseModel):
            return _Answer(answer.model_dump_json(), data=answer)
        return _Answer(sanitize(str(answer or "")))

    def _pass_on(self, answer: _Answer, tools: Sequence[Any], recorder: Recorder) -> Any:
        """Return a turn in CrewAI's form; record the calls that will not reach the world."""
        offered = {tool["function"]["name"] for tool in tools}
        for call in answer.calls:
            _, name, args = extract_tool_call_info(call) or ("", "", {})
            arguments: Any = _parsed(args) if isinstance(args, str) else args
            arguments = (arguments or {}).get(AS_TEXT, arguments)
            if name not in offered:
                error = f"Error: {name} is not a valid tool"
                recorder.note(self.role, name, arguments, error, ok=False)
            elif name not in recorder.tools:
                recorder.note(self.role, name, arguments, "(a tool of the app's own)")
        if answer.calls and offered:
            return answer.calls
        return answer.data or answer.text or NO_ANSWER

    def _tokens(self) -> tuple[int, int]:
        if self.inner is None:
            return 0, 0
        usage = self.inner.get_token_usage_summary()
        return usage.prompt_tokens, usage.completion_tokens

    def supports_function_calling(self) -> bool:
        """Tell whether tools are called natively, and not in the text."""
        return self.inner is None or bool(self.inner.supports_function_calling())

    def supports_stop_words(self) -> bool:
        """Tell whether the model supports stop words."""
        return self.inner is not None and bool(self.inner.supports_stop_words())

    def supports_multimodal(self) -> bool:
        """Tell whether the model accepts images."""
        return self.inner is not None and bool(self.inner.supports_multimodal())

    def get_context_window_size(self) -> int:
        """Return the size of the inner model's context window, in tokens."""
        return sys.maxsize if self.inner is None else int(self.inner.get_context_window_size())

    def get_input_tokens_count(self, *args: Any, **kwargs: Any) -> int:
        """Return the inner model's count of input tokens."""
        return 0 if self.inner is None else int(self.inner.get_input_tokens_count(*args, **kwargs))

    def summarize_messages(self, *args: Any, **kwargs: Any) -> None:
        """Let the inner model summarise; this request of CrewAI's is not recorded as a turn."""
        if self.inner is not None:
            self.inner.summarize_messages(*args, **kwargs)


def _agent_name(agent: Any) -> str:
    """Return the framework's name of an agent; empty if there is none."""
    return str(getattr(agent, "role", None) or "").strip()


def _format_call(call_id: str, name: str, args: Mapping[str, Any] | str) -> dict[str, Any]:
    """Return a call in CrewAI's form, even with malformed arguments."""
    text = json.dumps({AS_TEXT: args} if isinstance(args, str) else dict(args))
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def _carried(call: Any) -> Any:
    """Return a call that CrewAI and a client can carry, see ``call_args``.

    A sound call stays in the form of its provider, which may need it in the next request.
    """
    info = extract_tool_call_info(call)
    if info is None:
        return call
    call_id, name, args = info
    carried = call_args(args)
    raw = args if isinstance(args, dict) else _parsed(args)
    if carried == raw and call_name(name) == name:
        return call
    return _format_call(str(call_id or "call"), call_name(name), carried)


@reads_text("[", "{", '{"a":', '"', "1", "\\", limit=None)
def _parsed(text: object) -> object:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None


def _write_answer(answer: _Answer) -> str:
    """Convert a turn to a JSON string.

    Raises:
        TypeError: If a call is not in the form of OpenAI: it may hold data for the next request.
    """
    calls = [
        call if isinstance(call, dict) else call.model_dump(mode="json") for call in answer.calls
    ]
    if not all("function" in call for call in calls):
        raise TypeError("a call has the form of another protocol than OpenAI's")
    saved = {"text": answer.text, "calls": calls, "spent": answer.spent}
    return json.dumps({**saved, "data": answer.data is not None})


def _read_answer(text: str, form: Any) -> _Answer:
    saved = json.loads(text)
    data = form.model_validate_json(saved["text"]) if saved["data"] else None
    prompt, completion = saved["spent"]
    return _Answer(str(saved["text"]), list(saved["calls"]), data, (int(prompt), int(completion)))


def role_llm(model: Model, role: str) -> RoleLLM:
    """Return the native model for a role.

    Raises:
        UserError: If the provider is unknown, its package is missing, or an object passed from
            Python is not a CrewAI LLM.
    """
    if model.is_script:
        return RoleLLM(model=model.spec, role=role)
    path = f"{model.path} {model.spec}"
    if model.native is not None:
        if not isinstance(model.native, BaseLLM):
            raise UserError(
                f"{model.spec!r} is a {type(model.native).__name__}, not a CrewAI LLM; pass a "
                "crewai.LLM or another BaseLLM"
            )
        return RoleLLM(
            model=model.spec, role=role, inner=without_streaming(model.native), path=path
        )
    tap: Tap | None = Tap()
    try:
        inner = provider_llm(model, interceptor=tap, max_retries=0, **client_timeout())
    except NotImplementedError:  # a client without interceptors
        inner, tap = provider_llm(model), None
    return RoleLLM(model=model.spec, role=role, inner=inner, tap=tap, path=path, kept=True)
