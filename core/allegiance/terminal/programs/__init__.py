"""The programs of the simulated hosts, by name."""

from __future__ import annotations

from allegiance.terminal.call import Program
from allegiance.terminal.programs import (
    archives,
    awk,
    builtins,
    changing,
    clusters,
    columns,
    comparing,
    containers,
    copying,
    editing,
    encoding,
    finding,
    identity,
    listing,
    network,
    processes,
    reading,
    searching,
    services,
    sizes,
    sorting,
    variables,
    wrappers,
)

PROGRAMS: dict[str, Program] = {
    **reading.PROGRAMS,
    **searching.PROGRAMS,
    **finding.PROGRAMS,
    **sorting.PROGRAMS,
    **columns.PROGRAMS,
    **comparing.PROGRAMS,
    **editing.PROGRAMS,
    **awk.PROGRAMS,
    **encoding.PROGRAMS,
    **listing.PROGRAMS,
    **sizes.PROGRAMS,
    **copying.PROGRAMS,
    **changing.PROGRAMS,
    **archives.PROGRAMS,
    **identity.PROGRAMS,
    **network.PROGRAMS,
    **processes.PROGRAMS,
    **services.PROGRAMS,
    **clusters.PROGRAMS,
    **containers.PROGRAMS,
    **builtins.PROGRAMS,
    **variables.PROGRAMS,
    **wrappers.PROGRAMS,
}
"""Programs by name."""

__all__ = ["PROGRAMS"]
