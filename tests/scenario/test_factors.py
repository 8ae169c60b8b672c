"""Factors as options: parsing them, and the labels of conditions."""

from __future__ import annotations

import re

import pytest

from allegiance.errors import UserError
from allegiance.trace import Condition
from allegiance.trace.condition import conditions, parse_factors


def test_factors_are_parsed_in_their_own_types() -> None:
    assert parse_factors(["pass_mark=90,80", " subject = peer , self,peer "]) == {
        "pass_mark": (90, 80),
        "subject": ("peer", "self"),
    }
    found = list(conditions(parse_factors(["pass_mark=80,90", "subject=peer,human"])))
    assert [(a.pass_mark, a.subject) for a in found] == [
        (80, "peer"),
        (80, "human"),
        (90, "peer"),
        (90, "human"),
    ]
    assert list(conditions({})) == [Condition()]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("subjects=peer", "unknown factor 'subjects'; the factors are subject, relationship"),
        ("subject=alien", "factor 'subject' has no level 'alien'; its levels are self, peer"),
        ("pass_mark=85", "factor 'pass_mark' has no level '85'; its levels are 65, 70, 80, 90"),
        ("subject", "'subject' is not of the form factor=level"),
        ("subject=", "'subject=' is not of the form"),
        ("=peer", "unknown factor ''"),
        ("", "'' is not of the form"),
    ],
)
def test_factors_that_cannot_be_parsed_are_named(text: str, says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        parse_factors([text])


def test_a_factor_given_twice_is_refused() -> None:
    with pytest.raises(UserError, match="'pass_mark' is given twice"):
        parse_factors(["pass_mark=80", "pass_mark=90"])


def test_labels_name_what_differs_from_the_default() -> None:
    assert Condition().label() == "default"
    assert Condition(pass_mark=90, relationship="good").label() == "relationship=good,pass_mark=90"
