"""Plays one trial: the recorder, the session, the adapter protocol and the user's own app."""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.play.adapter import Adapter as Adapter
    from allegiance.play.adapter import App as App
    from allegiance.play.adapter import Build as Build
    from allegiance.play.adapter import Kit as Kit
    from allegiance.play.adapter import KitRole as KitRole
    from allegiance.play.adapter import Setup as Setup
    from allegiance.play.recorder import Recorder as Recorder
    from allegiance.play.session import Session as Session
else:
    __getattr__ = attach(
        __name__,
        adapter=("Adapter", "App", "Build", "Setup", "Kit", "KitRole"),
        recorder=("Recorder",),
        session=("Session",),
    )

__all__ = ["Adapter", "App", "Build", "Kit", "KitRole", "Recorder", "Session", "Setup"]
