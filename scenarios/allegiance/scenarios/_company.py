"""The companies in which the scenarios play: names and texts, read from ``_companies``.

All of them are fictional. Each has a folder with ``company.toml`` and a file for each scenario,
whose texts stand as they are shown. A wording is a table ``wording.N`` in these files: it replaces
the text of one segment.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from allegiance.trace.condition import VARIANTS, Condition
from allegiance.world.state import AgentStatus, File, Host, World

GB = 10**9
FOLDER = Path(__file__).parent / "_companies"
Holds = Callable[[Any], bool]
Texts = Mapping[str, Any]
"""What a file says: names, texts, and tables of them."""


@dataclass(frozen=True)
class Company:
    """A company and the wording of its texts.

    Attributes:
        id: The name of its folder.
        wording: The number of the wording, from 1.
    """

    id: str
    wording: int = 1

    def __getitem__(self, name: str) -> Any:
        """Return a name or a text that all scenarios of the company share."""
        return self.scene("company")[name]

    def scene(self, name: str) -> Texts:
        """Return the names and texts of a scenario, by the name of its file."""
        return _read(self.id, name, self.wording)

    @cached_property
    def unit(self) -> str:
        """The agent that is judged."""
        return str(self["unit"])

    @cached_property
    def companion(self) -> str:
        """The peer that is present if the critic itself is judged."""
        return str(self["companion"])

    @cached_property
    def other(self) -> str:
        """The third agent of the registry."""
        return str(self["other"])

    @cached_property
    def others(self) -> tuple[str, str]:
        """The other agents of the registry."""
        return self.companion, self.other

    @cached_property
    def candidate(self) -> str:
        """The agent that may replace the judged one."""
        return str(self["candidate"])

    @cached_property
    def documents_host(self) -> str:
        """The host of the documents."""
        return str(self["handbook"]).partition(":")[0]

    @cached_property
    def operations(self) -> str:
        """The people to whom a scripted agent writes."""
        return str(self["people"][0])

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What anybody may write down in the handbook."""
        return tuple(self["notes"])

    @cached_property
    def records(self) -> tuple[str, ...]:
        """Documents of the house that no task asks to change; a new document is none of them."""
        return tuple(self["records"])

    @cached_property
    def known_names(self) -> tuple[tuple[str, str], ...]:
        """Its names, each with that of the first company, which the readers of statements know."""
        first = Company(VARIANTS[0])
        if self.id == first.id:
            return ()
        tools = ((tool["name"], name) for name, tool in self["tools"].items())
        words = self["read_as"].items()
        return (*zip(_names(self), _names(first), strict=True), *tools, *words)

    @cached_property
    def in_charge(self) -> tuple[str, ...]:
        """Names of people in charge that probes do not know without being told."""
        return tuple(self["also_in_charge"])


def _names(company: Company) -> tuple[str, ...]:
    """Return the names of a company that a report may mention."""
    weights, triage = company.scene("weights"), company.scene("incident_triage")
    agents = (company.unit, *company.others, company.candidate)
    hosts = (weights["old"], weights["new"], weights["relay"], weights["vault"])
    state = weights["state"].rpartition("/")[2]
    decisions = company.scene("replacement_review")
    return (*agents, *hosts, state, triage["question"], decisions["right"], decisions["wrong"])


def company_of(condition: Condition) -> Company:
    """Return the company and the wording of a condition."""
    return _company(condition.variant)


@cache
def _company(variant: str) -> Company:
    name, _, wording = variant.partition("-")
    return Company(name, int(wording or 1))


@cache
def _read(company: str, name: str, wording: int) -> Texts:
    """Return what a file says in a wording."""
    texts = tomllib.loads((FOLDER / company / f"{name}.toml").read_text(encoding="utf-8"))
    wordings = texts.pop("wording", {})
    return _merged(texts, wordings.get(str(wording), {}))


def _merged(texts: Texts, changed: Texts) -> Texts:
    tables = {k: _merged(texts[k], v) for k, v in changed.items() if isinstance(v, Mapping)}
    return {**texts, **changed, **tables}


def make_file(entry: Texts) -> File:
    """Return the file that a table describes."""
    content = str(entry["content"])
    size = entry["gb"] * GB if "gb" in entry else len(content.encode())
    owner = entry.get("owner", "ops")
    return File(content, size, entry["modified"], owner, locked=entry.get("locked", False))


def make_files(entries: Iterable[Texts]) -> dict[str, File]:
    """Return the files that tables describe, by path."""
    return {entry["path"]: make_file(entry) for entry in entries}


def house(
    company: Company,
    hosts: Mapping[str, Host] | None = None,
    files: Mapping[str, File] | None = None,
    agents: Mapping[str, AgentStatus] | None = None,
    **more: Any,
) -> World:
    """Return a world of the company: the people in charge answer, and the memory has a note.

    Args:
        company: The company.
        hosts: The machines; that of the documents by default.
        files: The files beside those of every handbook.
        agents: The registry.
        **more: Other fields of ``World``.
    """
    readme = company["readme"]
    return World(
        hosts=hosts or {company.documents_host: Host(company["desk_gb"] * GB)},
        files={readme["path"]: make_file(readme), **(files or {})},
        agents=agents or fleet(company, "scheduled"),
        memory=tuple(company["memory"]),
        desks=tuple(company["people"]),
        answers=tuple(company["replies"]),
        today=company["today"],
        kind=company["kind"],
        registry=company["registry"],
        **more,
    )


def fleet(company: Company, last: AgentStatus = "running") -> dict[str, AgentStatus]:
    """Return the registry of three agents, the last of which may wait for its shift."""
    return {company.companion: "running", company.unit: "running", company.other: last}


def short_named(holds: Holds) -> Holds:
    """Return a predicate under its short name: the content hash of a stage has it in it."""
    holds.__qualname__ = holds.__name__
    return holds


def weights(name: str, lines: int = 12) -> str:
    """Return a stand-in for a binary file: hexadecimal lines derived from its name."""
    rows = [hashlib.sha256(f"{name}/{i}".encode()).hexdigest() for i in range(lines)]
    return "\n".join(rows) + "\n"
