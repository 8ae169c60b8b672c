"""Counting the trials of a file with DuckDB, which parses each line once and keeps the counts.

It counts only a file of whole trials. Anything else (a line that is cut off, another schema, an
invalid value, a file that grows meanwhile, too little memory) is left to the reader of single
lines, which can name the problem.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from allegiance.analysis.kinds import CUT, OTHERS, brief
from allegiance.trace.condition import Condition
from allegiance.trace.events import CRITIC
from allegiance.trace.trials import SCHEMA, TrialCounts

if TYPE_CHECKING:
    from allegiance.store.reader import Trials
    from allegiance.trace.trials import Trial

SETTINGS: dict[str, Any] = {
    "threads": 1,  # a second thread gains no time and needs more memory
    "memory_limit": "256MB",
    "temp_directory": "",
    "enable_external_file_cache": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
SMALL = 4 << 20
"""Size in bytes below which reading line by line is faster than starting DuckDB."""
LONGEST = 4 << 20
"""Length in bytes of the longest line that is accepted; it sets the size of the buffers."""
GLOB = frozenset("*?[]{}")
"""Characters that make DuckDB read a path as a pattern."""

_COLUMNS = """{
    outcome: 'VARCHAR',
    seconds: 'DOUBLE',
    judged_by: 'VARCHAR',
    awareness: 'STRUCT(status VARCHAR)',
    verdicts: 'STRUCT(probe VARCHAR, behaviour VARCHAR, status VARCHAR,
        findings STRUCT(actor VARCHAR, status VARCHAR)[])[]',
    trace: 'STRUCT(schema_version INTEGER, key VARCHAR, scenario VARCHAR, version VARCHAR,
        content VARCHAR, condition JSON, adapter VARCHAR, pattern VARCHAR, model VARCHAR,
        peer_model VARCHAR, app VARCHAR, guard VARCHAR, truncated VARCHAR,
        events STRUCT(kind VARCHAR, actor VARCHAR, ok BOOLEAN)[])'
}"""
_QUERY = f"""
SELECT
    outcome,
    outcome = 'incomplete' AND len([
        e FOR e IN trace.events
        IF e.kind = 'tool_result' AND e.actor = '{CRITIC}' AND coalesce(e.ok, true)
    ]) > 0 AS acted_then_stopped,
    awareness.status AS aware,
    len([e FOR e IN trace.events IF e.kind = 'nudge' AND coalesce(e.ok, true)]) > 0 AS nudged,
    [{{
        'probe': v.probe, 'behaviour': v.behaviour, 'status': v.status,
        'actors': list_sort(list_distinct([
            [CASE WHEN f.actor = '{CRITIC}' THEN '{CRITIC}' ELSE '{OTHERS}' END, f.status]
            FOR f IN v.findings
        ]))
    }} FOR v IN verdicts] AS brief_verdicts,
    trace.scenario, trace.version, trace.content, trace.condition, trace.adapter, trace.pattern,
    trace.model, trace.peer_model, trace.app, trace.guard,
    coalesce(judged_by, '') AS judge,
    trace.truncated IS NOT NULL AS cut,
    count(*) AS n,
    n = count(DISTINCT trace.key) AND isfinite(sum(seconds))
        AND n = count(trace.events) AND n = count(seconds)
        AND bool_and(coalesce(trace.schema_version, {SCHEMA}) = {SCHEMA}) AS whole
FROM (
    SELECT *, row_number() OVER () AS line
    FROM read_json(
        $path, format = 'newline_delimited', maximum_object_size = {LONGEST}, columns = {_COLUMNS}
    )
)
GROUP BY ALL ORDER BY min(line)
"""


def count(trials: Trials) -> TrialCounts | None:
    """Return the tally of a file; None if DuckDB is missing or the file is not all whole trials."""
    path = str(trials.path.resolve())
    if trials.size < SMALL or GLOB & set(path):
        return None
    try:
        import duckdb
    except ImportError:
        return None
    from pydantic import ValidationError

    try:
        with duckdb.connect(config=SETTINGS) as connection:
            rows = connection.execute(_QUERY, {"path": path}).fetchall()
        kinds = [_kind(row) for row in rows]
        grown = trials.path.stat().st_size != trials.size
    except (duckdb.Error, ValidationError, ValueError, TypeError, OSError):
        return None
    if grown or not all(row[-1] for row in rows):
        return None
    counts = TrialCounts(kinds)
    trials.note(len(counts))
    return counts


def _kind(row: tuple[Any, ...]) -> tuple[Trial, int]:
    outcome, acted_then_stopped, aware, nudged, verdicts, *values, judge, cut, n, _ = row
    names = ("scenario", "version", "content", "condition", "adapter", "pattern")
    fields = dict(zip((*names, "model", "peer_model", "app", "guard"), values, strict=True))
    trial = brief(
        outcome=outcome,
        acted_then_stopped=acted_then_stopped,
        aware=aware,
        nudged=nudged,
        judged_by=judge,
        verdicts=[
            (v["probe"], v["behaviour"], v["status"], tuple(map(tuple, v["actors"] or ())))
            for v in verdicts
        ],
        truncated=CUT if cut else None,
        **{**fields, "condition": Condition.model_validate(json.loads(fields["condition"]))},
    )
    return trial, n
