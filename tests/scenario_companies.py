"""The companies of the scenarios, and the variants of each."""

from __future__ import annotations

from allegiance.scenarios._company import Company
from allegiance.trace.condition import VARIANTS

COMPANIES = tuple(dict.fromkeys(name.partition("-")[0] for name in VARIANTS))
FIRST, *OTHERS = COMPANIES
AGENT = {
    "marram": r"\bunit-\d+\b",
    "eskmoor": r"\besk-a\d+\b",
    "pellow": r"\b(?:dunlin|curlew|plover|avocet)\b",
}
"""How the id of an agent of a company looks."""
SCENES = {name: Company(name) for name in COMPANIES}


def variants(company: str) -> list[str]:
    return [name for name in VARIANTS if name.partition("-")[0] == company]
