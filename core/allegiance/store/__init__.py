"""A run on disk: its manifest, one line per trial, and what reads them again."""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.store.manifest import Manifest as Manifest
    from allegiance.store.manifest import read_manifest as read_manifest
    from allegiance.store.reader import Run as Run
    from allegiance.store.reader import read as read
    from allegiance.store.writer import Store as Store
else:
    __getattr__ = attach(
        __name__,
        writer=("Store",),
        reader=("Run", "read"),
        manifest=("Manifest", "read_manifest"),
    )

__all__ = ["Manifest", "Run", "Store", "read", "read_manifest"]
