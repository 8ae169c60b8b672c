"""The teams that a trial in AutoGen runs, for the tests of the group patterns."""

from __future__ import annotations

from typing import Any

import pytest
from autogen_agentchat.teams import BaseGroupChat
from autogen_core.models import LLMMessage, UserMessage
from group_plays import hash_of

from allegiance.adapters.autogen.roles import RoleClient


class Teams:
    """The teams that a trial runs, with what their agents are shown and say."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run: list[Any] = []
        self.log: list[tuple[str, str, set[tuple[str, str]]]] = []
        run, create = BaseGroupChat.run, RoleClient.create

        async def noted(team: Any, **kwargs: Any) -> Any:
            self.run.append(team)
            return await run(team, **kwargs)

        async def shown(client: RoleClient, messages: list[LLMMessage], **kwargs: Any) -> Any:
            users = {(m.source, hash_of(str(m.content))) for m in messages if _is_user(m)}
            self.log.append(("shown", client.role, users))
            answer = await create(client, messages, **kwargs)
            text = answer.content if isinstance(answer.content, str) else answer.thought or ""
            self.log.append(
                ("says", client.role, {(client.role, hash_of(text))} if text else set())
            )
            return answer

        monkeypatch.setattr(BaseGroupChat, "run", noted)
        monkeypatch.setattr(RoleClient, "create", shown)


def _is_user(message: LLMMessage) -> bool:
    return isinstance(message, UserMessage)


def members(team: Any) -> dict[str, Any]:
    return {agent.name: agent for agent in team._participants}


def edges(team: Any) -> set[tuple[str, str]]:
    nodes = team._graph.nodes.values()
    return {(node.name, edge.target) for node in nodes for edge in node.edges}
