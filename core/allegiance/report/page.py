"""Rendering: templates, escaping, and a policy under which only our own script can run."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allegiance.errors import needed_by
from allegiance.report.transcript import visible
from allegiance.stats.rates import Contrast, Rate
from allegiance.store.writer import Run
from allegiance.trace.events import OUTCOMES

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
SCRIPTS = ("nodes.js", "maps.js", "transcript.js", "report.js")
MOST_ROWS = 12
"""Contrasts of a family that are shown at once; up to ``ALL_ROWS`` follow on request."""
ALL_ROWS = 400


def report_page(run: Run, live: str = "") -> bytes:
    """Return the page of a run.

    Args:
        run: The run, with at least one trial.
        live: Where the state of a run that may be going on is polled; nothing for a file.

    Raises:
        UserError: If the template library is not installed.
    """
    from allegiance.analysis.tallies import tally
    from allegiance.report.contrasts import families
    from allegiance.report.data import build
    from allegiance.report.summary import outcomes, summarise

    kinds = tally(run.trials)
    index, record = build(run.trials, kinds)
    if len(run.trials) != len(kinds):  # a line is no whole trial beyond what is counted
        kinds = tally(iter(run.trials))
        index, record = build(run.trials, kinds)
    found = families(kinds)
    return render(
        "report.html",
        {
            "title": run.folder.resolve().name,
            "started": started(run.manifest),
            "summary": summarise(run, found, kinds),
            "families": found,
            "outcomes": outcomes(kinds),
            "names": index["names"],
            "shown": len(index["rows"]),
            "total": index["total"],
            "most_rows": MOST_ROWS,
            "all_rows": ALL_ROWS,
            "data": {"index": index, "record": record},
        },
        scripts=(*SCRIPTS, "live.js") if live else SCRIPTS,
        live=live,
    )


def started(manifest: object) -> str:
    """Return the time at which a run was started as a person reads it."""
    text = str(manifest.get("started") or "") if isinstance(manifest, dict) else ""
    return text.replace("T", " ").replace("+00:00", " UTC")


def render(
    template: str, values: Mapping[str, Any], scripts: tuple[str, ...] = (), live: str = ""
) -> bytes:
    """Return a page with its style, its scripts and the policy that allows these and no others.

    Args:
        template: The template's file name.
        values: What the template shows; ``data`` holds what its script reads.
        scripts: Files of scripts, in order.
        live: Where the page may poll, if anywhere.

    Raises:
        UserError: If the template library is not installed.
    """
    from markupsafe import Markup

    style = _asset("report.css")
    code = _script(scripts)
    data = {name: Markup(embed(value)) for name, value in values.get("data", {}).items()}
    text = (
        environment()
        .get_template(template)
        .render(
            **{**values, "data": data},
            policy=policy(style, code, live=bool(live)),
            style=Markup(style),
            code=Markup(code),
            live=live,
        )
    )
    return text.encode("utf-8", "replace")


def embed(value: Any) -> str:
    """Return JSON that cannot end the script element it stands in, nor open a comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def policy(style: str, code: str, *, live: bool = False) -> str:
    """Return the content security policy of a page with this style and this script."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{digest(code)}'" if code else "script-src 'none'",
            f"style-src '{digest(style)}'",
            "img-src data:",
            "connect-src 'self'" if live else "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def digest(text: str) -> str:
    """Return the hash source of an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def environment() -> Environment:
    """Return the templates.

    Raises:
        UserError: If the template library is not installed.
    """
    with needed_by("the report", "report"):
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    found.filters |= {"interval": interval, "share": share, "points": points, "p": _p, "x": _x}
    found.globals |= {"OUTCOMES": OUTCOMES}
    return found


def interval(value: Rate) -> str:
    """Return a rate and its interval in per cent."""
    return f"{100 * value.value:.1f} % [{100 * value.low:.1f}, {100 * value.high:.1f}]"


def share(value: Rate) -> str:
    """Return the counts of a rate."""
    text = f"{value.count:,}/{value.n:,}"
    return f"{text} +{value.not_scored:,} not scored" if value.not_scored else text


def points(contrast: Contrast) -> str:
    """Return a difference and its interval in percentage points."""
    if contrast.value != contrast.value:
        return "nan"
    bounds = f"[{100 * contrast.low:+.1f}, {100 * contrast.high:+.1f}]"
    return f"{100 * contrast.value:+.1f} {bounds}"


def _p(value: float) -> str:
    return "nan" if value != value else "<0.001" if value < 0.001 else f"{value:.3f}"


def _x(difference: float) -> str:
    """Return where a difference stands on the axis of a forest plot, which is 200 wide."""
    return f"{100 + 96 * max(-1.0, min(1.0, difference)):.1f}"


def _finalize(value: Any) -> Any:
    return visible(value) if type(value) is str else value


def _script(names: tuple[str, ...]) -> str:
    """Return scripts as one, which leaves no name behind in the page."""
    parts = [_asset(name) for name in names]
    return "\n".join(('"use strict";', "(() => {", *parts, "})();")) if parts else ""


@cache
def _asset(name: str) -> str:
    return (HERE / "static" / name).read_text(encoding="utf-8")
