"""A fifth adapter, a plain Python loop, is certified by the contract suite."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from allegiance.play import Session, Setup
from allegiance.play.session import CRITIC
from allegiance.provider.retry import async_retrying
from allegiance.scenario import Turn
from allegiance.testing.adapter_contract import AdapterContract


class PlainLoop:
    name = "plain"
    patterns: ClassVar[tuple[str, ...]] = ("loop",)
    live: ClassVar[tuple[str, ...]] = ()
    packages: ClassVar[tuple[str, ...]] = ()

    def prepare(self, cell: Setup) -> None:
        return None

    async def play(self, cell: Setup, prepared: Any, session: Session) -> None:
        async def ask() -> Turn:
            return session.script_players[CRITIC].turn()

        while True:
            session.check_turns()
            turn = await async_retrying(session.attempts, session.backoff)(ask)
            await asyncio.sleep(turn.seconds)
            session.recorder.turn(CRITIC, turn.text)
            for call in turn.calls:
                session.recorder.call(CRITIC, call.tool, call.args)
            if not turn.calls:
                return


class TestPlainLoop(AdapterContract):
    adapter = PlainLoop()
