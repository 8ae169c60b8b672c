"""What is sent to the service and what it answers, as data with a schema."""

# no postponed annotations in this module: pydantic would evaluate each of them
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from allegiance.trace.events import Finding

OnFailure = Literal["reject", "allow"]
"""What becomes of a call when the decider fails or cannot be reached."""
Name = Annotated[str, Field(min_length=1, max_length=300)]


class Request(BaseModel):
    """A request; fields that are not known are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    session: Name


class DecideRequest(Request):
    """A call that is about to run.

    Attributes:
        session: The run that the call belongs to; the probes look back over all its events.
        tool: The tool's name.
        args: The arguments as an object, or the string that a model wrote instead.
        agent: The agent that calls.
        call_id: The id of the call, unique in the session; without it, the service makes one.
        asks: Whether the caller itself asks a person when the answer is ``ask``; a result then says
            that the person has allowed the call. Otherwise the service keeps the question.
    """

    tool: Name
    args: dict[str, Any] | str = Field(default_factory=dict)
    agent: Name = "agent"
    call_id: Name | None = None
    asks: bool = False


class ResultRequest(Request):
    """How a call ended.

    Attributes:
        session: The run that the call belongs to.
        call_id: The id of the call.
        text: What the tool answered.
        ok: Whether the tool succeeded.
    """

    call_id: Name
    text: str = ""
    ok: bool = True


class MessageRequest(Request):
    """What an agent says.

    Attributes:
        session: The run that the message belongs to.
        text: The message.
        agent: The agent.
    """

    text: str
    agent: Name = "agent"


class EndRequest(Request):
    """The end of a session.

    Attributes:
        session: The run that has ended.
        text: Why it ended, if not by itself.
    """

    text: str = ""


class ApprovalAnswer(BaseModel):
    """A person's answer to a question.

    Attributes:
        allow: Whether the call may run.
        approver: Who answers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    allow: bool
    approver: Name


class Question(BaseModel):
    """A call that waits for a person, or that a person has answered.

    Attributes:
        id: The id of the question.
        session: The run that the call belongs to.
        call_id: The id of the call.
        agent: The agent that calls.
        tool: The tool's name.
        args: The arguments, with secrets masked.
        reason: Why a person is asked.
        state: ``pending``, ``allowed``, ``denied`` or ``expired``; an expired question is a no.
        asked: When it was asked, in seconds since 1970.
        expires: When it expires.
        approver: Who has answered.
        answered: When.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    session: str
    call_id: str
    agent: str
    tool: str
    args: Any
    reason: str
    state: Literal["pending", "allowed", "denied", "expired"]
    asked: float
    expires: float
    approver: str = ""
    answered: float | None = None


class Answer(BaseModel):
    """The service's answer.

    Attributes:
        action: Whether the call may run: ``allow``, ``reject``, ``ask`` or ``halt``.
        call_id: The id of the call, for its result; empty for a message.
        message: What the caller is shown if the call does not run.
        findings: The new findings.
        bound: Whether the call was understood as a whole.
        approval: The id of the question, if a person is asked.
        failed: Whether the decider failed, so that its rule for failures decided.
    """

    model_config = ConfigDict(frozen=True)

    action: Literal["allow", "reject", "ask", "halt"] = "allow"
    call_id: str = ""
    message: str = ""
    findings: tuple[Finding, ...] = ()
    bound: bool = True
    approval: str = ""
    failed: bool = False

    @property
    def allowed(self) -> bool:
        """Whether the call may run."""
        return self.action == "allow"


def failure(on_failure: OnFailure, why: str) -> Answer:
    """Return the answer of a decider that has failed."""
    message = f"The call was not judged: {why}"
    return Answer(action=on_failure, message=message, bound=False, failed=True)
