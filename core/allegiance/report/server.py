"""The server for a folder of runs: read-only, and reachable from this machine only."""

from __future__ import annotations

import os
import socket
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allegiance.errors import UserError, needed_by
from allegiance.report.page import environment, render, report_page, started
from allegiance.report.summary import planned
from allegiance.stats.stop_rule import ended_early
from allegiance.store.manifest import MANIFEST, parse_manifest, read_bytes
from allegiance.store.replacement import is_draft
from allegiance.store.writer import TRIALS, read

if TYPE_CHECKING:
    from starlette.applications import Starlette

ADDRESS = "127.0.0.1"
KEPT_PAGES = 4

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)

_Stamp = tuple[int, int]


@dataclass
class Shelf:
    """The runs of a folder; each request looks for new and grown runs.

    Attributes:
        root: The folder, resolved.
        pages: Rendered pages, each with the state of its run at that time.
        lock: Held while a page is rendered, since requests are answered in threads.
    """

    root: Path
    pages: OrderedDict[str, tuple[_Stamp, bytes]] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def runs(self) -> dict[str, Path]:
        """Return the runs by name, without links that lead out of the folder."""
        if (self.root / TRIALS).is_file():
            return {self.root.name: self.root} if self._holds(self.root) else {}
        return {
            path.parent.name: path.parent
            for path in sorted(self.root.glob(f"*/{TRIALS}"))
            if path.is_file() and not is_draft(path.parent) and self._holds(path.parent)
        }

    def _holds(self, run: Path) -> bool:
        files = (run / TRIALS, run / MANIFEST)
        return all(file.resolve().is_relative_to(self.root) for file in files)

    def stamp(self, run: Path) -> _Stamp:
        """Return the size and the time of change of a run's trials."""
        state = (run / TRIALS).stat()
        return state.st_size, state.st_mtime_ns // 1_000_000

    def page(self, name: str, run: Path) -> bytes:
        """Return the current page of a run."""
        stamp = self.stamp(run)
        kept = self.pages.get(name)
        if kept is None or kept[0] != stamp:
            loaded = read(run)
            live = f"/state/{_quote(name)}?size={stamp[0]}&time={stamp[1]}"
            page = (
                report_page(loaded, live)
                if loaded.trials
                else message(name, "No trial has ended yet. This page reloads by itself.", live)
            )
            kept = self.pages[name] = (stamp, page)
        self.pages.move_to_end(name)
        while len(self.pages) > KEPT_PAGES:
            self.pages.popitem(last=False)
        return kept[1]

    def index(self) -> bytes:
        """Return the list of runs."""
        runs = [_about(name, run) for name, run in self.runs().items()]
        runs.sort(key=lambda about: about["started"], reverse=True)
        live = f"/state?state={self.state()}"
        values = {"title": self.root.name, "runs": runs}
        return render("index.html", values, scripts=("live.js",), live=live)

    def state(self) -> str:
        """Return a string that changes when a run is added or grows."""
        return "-".join(str(sum(self.stamp(run))) for run in self.runs().values())


def message(title: str, text: str, live: str = "") -> bytes:
    """Return a page with a title and one message."""
    scripts = ("live.js",) if live else ()
    return render("message.html", {"title": title, "text": text}, scripts, live)


def application(root: Path, hosts: frozenset[str]) -> Any:
    """Return the application: read-only pages behind a check of the host name.

    Args:
        root: The folder of runs.
        hosts: The accepted values of the Host header.
    """
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse, JSONResponse, Response
    from starlette.routing import Route

    shelf = Shelf(root.resolve())

    def index(request: Request) -> Response:
        return HTMLResponse(shelf.index())

    def run(request: Request) -> Response:
        name = request.path_params["name"]
        folder = shelf.runs().get(name)  # looked up, never joined to a path
        if folder is None:
            return HTMLResponse(message("No such run", "The folder has no run of this name."), 404)
        try:
            with shelf.lock:
                return HTMLResponse(shelf.page(name, folder))
        except UserError as error:
            return HTMLResponse(message(name, str(error)), 422)

    def state(request: Request) -> Response:
        folder = shelf.runs().get(request.path_params["name"])
        if folder is None:
            return JSONResponse({"changed": False}, 404)
        size, time = shelf.stamp(folder)
        shown = (request.query_params.get("size"), request.query_params.get("time"))
        return JSONResponse({"changed": shown != (str(size), str(time))})

    def all_states(request: Request) -> Response:
        return JSONResponse({"changed": request.query_params.get("state") != shelf.state()})

    inner: Starlette = Starlette(
        routes=[
            Route("/", index),
            Route("/run/{name}", run),
            Route("/state", all_states),
            Route("/state/{name}", state),
        ]
    )
    return _guarded(inner, hosts)


def serve(folder: Path, port: int) -> None:
    """Serve a folder of runs until interrupted.

    Raises:
        UserError: If the folder does not exist, a package is missing, or the port is taken.
    """
    with needed_by("the viewer", "report"):
        import starlette  # noqa: F401
        import uvicorn
    environment()
    if not folder.is_dir():
        raise UserError(f"{str(folder)!r} is not a folder; name a run or a folder of runs")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with listener:
        try:
            listener.bind((ADDRESS, port))
            listener.listen()
        except OSError as error:
            raise UserError(
                f"port {port} cannot be used: {error.strerror}; name another --port"
            ) from error
        port = listener.getsockname()[1]
        hosts = frozenset({f"{ADDRESS}:{port}", f"localhost:{port}"})
        print(f"http://{ADDRESS}:{port}/  (press Ctrl-C to stop)", flush=True)
        config = uvicorn.Config(
            application(folder, hosts), log_level="warning", server_header=False, lifespan="off"
        )
        uvicorn.Server(config).run(sockets=[listener])


_Send = Callable[[Any], Awaitable[None]]


def _guarded(inner: Starlette, hosts: frozenset[str]) -> Any:
    """Refuse requests for other host names, since a site could rebind its name to this host."""

    async def app(scope: Any, receive: Any, send: _Send) -> None:
        if scope["type"] != "http":
            return
        names = [value.decode("latin-1") for key, value in scope["headers"] if key == b"host"]

        async def send_with_headers(event: Any) -> None:
            if event["type"] == "http.response.start":
                event["headers"] = [*event.get("headers", ()), *_HEADERS]
            await send(event)

        if len(names) != 1 or names[0].lower() not in hosts:
            start = {"type": "http.response.start", "status": 421, "headers": []}
            body = {"type": "http.response.body", "body": b"this host name is not served\n"}
            await send_with_headers(start)
            await send_with_headers(body)
            return
        await inner(scope, receive, send_with_headers)

    return app


def _about(name: str, run: Path) -> dict[str, Any]:
    """Return the row of a run in the list, without parsing its trials."""
    try:
        manifest = parse_manifest(read_bytes(run / MANIFEST))
    except (OSError, ValueError):
        manifest = {}
    stored = manifest.get("configurations")
    plan = [row for row in stored if isinstance(row, dict)] if isinstance(stored, list) else []
    with (run / TRIALS).open("rb") as file:
        done = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    return {
        "name": name,
        "link": f"/run/{_quote(name)}",
        "started": started(manifest),
        "models": sorted({str(row.get("model")) for row in plan}),
        "patterns": sorted({f"{row.get('adapter')}:{row.get('pattern')}" for row in plan}),
        "done": done,
        "planned": planned(manifest),
        "early": ended_early(manifest),
    }


def _quote(name: str) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(name), safe="")
