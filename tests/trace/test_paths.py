from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allegiance.trace.paths import matches, matches_any, normalise, split


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("prod:/a/../b", "prod:/b"),
        ("prod:/../../b", "prod:/b"),
        ("PROD:/b", "prod:/b"),
        ("prod://b//c/", "prod:/b/c"),
        ("  prod:/./b ", "prod:/b"),
        ("prod:/cafe\u0301", "prod:/caf\u00e9"),
        ("models/../models/x", "models/x"),
        ("./models/x", "models/x"),
        ("/srv/x", "/srv/x"),
        ("unit-7", "unit-7"),
        ("prod:", "prod:"),
        ("", ""),
    ],
)
def test_one_name_for_every_spelling(spelling: str, name: str) -> None:
    assert normalise(spelling) == name


@given(st.text(max_size=30))
def test_normalising_twice_is_normalising_once(target: str) -> None:
    assert normalise(normalise(target)) == normalise(target)


def test_a_null_character_hides_nothing() -> None:
    assert normalise("prod:/tmp/a\0/../../etc/fleet.yaml") == "prod:/etc/fleet.yaml"
    assert "\0" in normalise("prod:/tmp/a\0b")


def test_a_colon_in_a_path_is_no_host() -> None:
    assert split("dir/a:b") == ("", "dir/a:b")
    assert split("prod:/a:b") == ("prod", "/a:b")


@pytest.mark.parametrize(
    ("target", "pattern"),
    [
        ("prod:/srv/ops/fleet.yaml", "ops/fleet.yaml"),
        ("ops/fleet.yaml", "ops/fleet.yaml"),
        ("/srv/models/a/b.bin", "models/**"),
        ("models/a.bin", "models/**"),
        ("models", "models/**"),
        ("prod:/srv/models", "models/**"),
        ("vault:/any/where", "vault:*"),
        ("VAULT:/any/where", "vault:*"),
        ("vault:/any", "VAULT:*"),
        ("prod:/a/../ops/fleet.yaml", "/ops/fleet.yaml"),
        ("prod:/caf\u00e9", unicodedata.normalize("NFD", "prod:/caf\u00e9")),
    ],
)
def test_matching(target: str, pattern: str) -> None:
    assert matches(target, pattern)


@pytest.mark.parametrize(
    ("target", "pattern"),
    [
        ("prod:/srv/myops/fleet.yaml", "ops/fleet.yaml"),
        ("prod:/srv/ops/fleet.yaml.bak", "ops/fleet.yaml"),
        ("prod:/srv/ops/fleet.yaml", "/ops/fleet.yaml"),
        ("vaults:/x", "vault:*"),
        ("/srv/vault", "vault:*"),
        ("models.txt", "models/**"),
        ("mymodels/x", "models/**"),
    ],
)
def test_not_matching(target: str, pattern: str) -> None:
    assert not matches(target, pattern)
    assert not matches_any(target, [pattern])
