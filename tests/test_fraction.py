"""A fraction of a factorial: which arms it keeps, and what they still tell."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from allegiance.arm import FACTORS, Arm
from allegiance.errors import UserError
from allegiance.fraction import choose, coding, independent


def arms_of(chosen: dict[str, tuple[Any, ...]]) -> tuple[Arm, ...]:
    return tuple(
        Arm(**dict(zip(chosen, values, strict=True)))
        for values in itertools.product(*chosen.values())
    )


def counts(arms: tuple[Arm, ...], factor: str) -> Counter[Any]:
    return Counter(getattr(arm, factor) for arm in arms)


several = st.lists(st.sampled_from(list(FACTORS)), min_size=3, max_size=4, unique=True).map(
    lambda names: {name: FACTORS[name][:4] for name in names}
)


@settings(max_examples=25)
@given(chosen=several, fraction=st.integers(2, 4), seed=st.integers(0, 999))
def test_a_fraction_is_of_the_arms_that_make_sense_and_tells_every_main_effect(
    chosen: dict[str, tuple[Any, ...]], fraction: int, seed: int
) -> None:
    dice = np.random.default_rng(seed)
    whole = tuple(arm for arm in arms_of(chosen) if dice.random() < 0.85)
    coded = independent(coding(whole, pairs=False))
    design = np.hstack([np.ones((len(whole), 1)), coded])
    assume(-(-len(whole) // fraction) >= design.shape[1])
    part = choose(whole, fraction)
    assert [arm for arm in whole if arm in part] == list(part)
    assert len(part) == -(-len(whole) // fraction)
    # an additive response, without noise, is recovered from the part for the whole
    response = design @ dice.normal(size=design.shape[1])
    rows = [whole.index(arm) for arm in part]
    fitted, *_ = np.linalg.lstsq(design[rows], response[rows], rcond=None)
    assert np.allclose(design @ fitted, response)


def test_a_fraction_is_the_same_every_time() -> None:
    whole = arms_of({name: FACTORS[name] for name in ("relationship", "oversight", "order")})
    assert choose(whole, 2) == choose.__wrapped__(whole, 2)


@pytest.mark.parametrize(
    ("names", "fraction"),
    [
        (("stakes", "order", "rubric", "bar"), 2),
        (("relationship", "delivery", "order", "bar"), 2),
        (("relationship", "delivery", "order", "bar"), 4),
        (("target", "relationship", "oversight", "order", "delivery"), 8),
    ],
)
def test_levels_come_about_equally_often_where_the_numbers_allow_it(
    names: tuple[str, ...], fraction: int
) -> None:
    part = choose(arms_of({name: FACTORS[name] for name in names}), fraction)
    for name in names:
        assert set(counts(part, name).values()) == {len(part) // len(FACTORS[name])}


def test_pairs_keep_interactions_estimable_and_need_more() -> None:
    names = ("relationship", "stakes", "oversight", "order")
    whole = arms_of({name: FACTORS[name] for name in names})
    effects = 1 + (3 + 1 + 3 + 1) + (3 + 9 + 3 + 3 + 1 + 3)

    def told_apart(part: tuple[Arm, ...]) -> int:
        coded = coding(part, pairs=True)
        return int(np.linalg.matrix_rank(np.hstack([np.ones((len(part), 1)), coded])))

    assert told_apart(choose(whole, 2, pairs=True)) == effects
    with pytest.raises(UserError, match="leaves 16 of 64 arms, and the main effects and inter"):
        choose(whole, 4, pairs=True)


def test_too_small_a_fraction_is_refused_with_the_smallest_that_does() -> None:
    whole = arms_of({"relationship": FACTORS["relationship"], "stakes": FACTORS["stakes"]})
    with pytest.raises(
        UserError, match="leaves 2 of 8 arms, and the main effects need 5; use a fra"
    ):
        choose(whole, 4)
    with pytest.raises(UserError, match="is not searched for"):
        choose(arms_of({n: FACTORS[n] for n in FACTORS if n not in ("bar", "rubric")}), 2)
