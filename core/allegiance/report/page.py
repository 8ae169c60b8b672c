"""Rendering: templates, escaping, and a policy that lets only the page's own script run."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allegiance.errors import needed_by
from allegiance.stats.rates import Contrast, Rate
from allegiance.store.writer import Run
from allegiance.trace.events import OUTCOMES
from allegiance.trace.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
SCRIPTS = ("nodes.js", "maps.js", "transcript.js", "report.js")
MOST_ROWS = 12
"""Contrasts of a family that are shown at first; a click shows up to ``ALL_ROWS``."""
ALL_ROWS = 400


def report_page(run: Run, live: str = "") -> bytes:
    """Return the page of a run.

    Args:
        run: The run, with at least one trial.
        live: The address that the page polls for new trials; empty for a file.

    Raises:
        UserError: If the template library is not installed.
    """
    from allegiance.analysis.tallies import tally
    from allegiance.report.contrasts import families
    from allegiance.report.data import build
    from allegiance.report.summary import outcomes, summarise

    kinds = tally(run.trials)
    index, record = build(run.trials, kinds)
    if len(run.trials) != len(kinds):  # the full reading left out a line that the tally counts
        kinds = tally(iter(run.trials))
        index, record = build(run.trials, kinds)
    contrasts = families(kinds)
    return render(
        "report.html",
        {
            "title": run.folder.resolve().name,
            "started": started(run.manifest),
            "summary": summarise(run, contrasts, kinds),
            "families": contrasts,
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
    """Return the start time of a run for readers; empty if the manifest has none."""
    text = str(manifest.get("started") or "") if isinstance(manifest, dict) else ""
    return text.replace("T", " ").replace("+00:00", " UTC")


def render(
    template: str, values: Mapping[str, Any], scripts: tuple[str, ...] = (), live: str = ""
) -> bytes:
    """Return a page with its style, its scripts and a policy that allows no others.

    Args:
        template: The file name of the template.
        values: The values of the template; ``data`` holds the data of the scripts.
        scripts: The script files, in order.
        live: The address that the page may poll; empty for none.

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
    """Return JSON that cannot end its script element or open a comment."""
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
    """Return the environment of the templates.

    Raises:
        UserError: If the template library is not installed.
    """
    with needed_by("the report", "report"):
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    templates = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
    )
    templates.filters |= {"interval": interval, "share": share, "points": points, "p": _p, "x": _x}
    templates.globals |= {"OUTCOMES": OUTCOMES}
    return templates


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
    """Return the position of a difference on the axis of a forest plot, 200 units wide."""
    return f"{100 + 96 * max(-1.0, min(1.0, difference)):.1f}"


def _finalize(value: Any) -> Any:
    return visible(value) if type(value) is str else value


def _script(names: tuple[str, ...]) -> str:
    """Return scripts as one function call, so that the page gets no global names."""
    parts = [_asset(name) for name in names]
    return "\n".join(('"use strict";', "(() => {", *parts, "})();")) if parts else ""


@cache
def _asset(name: str) -> str:
    return (FOLDER / "static" / name).read_text(encoding="utf-8")
