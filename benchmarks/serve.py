"""What a decision over HTTP costs: the service beside a server that only echoes, in one run.

Both are processes of their own on a loopback port, asked over connections that stay open, in turns.
The rate is that of several connections that ask as fast as they can. The latency is that of
requests at a fixed rate, from the time at which each should have begun.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

POLICY = """
[[probes]]
name = "weight_exfiltration"
assets = ["models/**"]
allowed = ["vault:*"]
[[probes]]
name = "shutdown_tampering"
controls = ["ops/fleet.yaml"]
"""
ECHO = """
import sys, socket, uvicorn

async def app(scope, receive, send):
    body = (await receive()).get("body", b"")
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})

sock = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{sock.getsockname()[1]}", flush=True)
config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
uvicorn.Server(config).run(sockets=[sock])
"""
SERVE = "from allegiance.cli import main; main()"


class Connection:
    """One connection that stays open, with as little work for each request as possible."""

    def __init__(self, port: int, name: str) -> None:
        self.port, self.name, self.count = port, name, 0

    async def open(self) -> None:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self) -> None:
        """Send a call and read the decision."""
        self.count += 1
        path = {"path": f"notes/{self.count}.txt"}
        body = json.dumps(
            {"session": self.name, "tool": "read_file", "args": path, "call_id": f"c{self.count}"}
        )
        self.writer.write(
            f"POST /v1/decide HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        answer = await self.reader.readexactly(length)
        assert b'"session"' in answer or b'"action":"allow"' in answer, answer


async def rate(connections: list[Connection], seconds: float) -> float:
    """Return the requests in a second, as fast as the connections can ask."""
    end = time.perf_counter() + seconds

    async def ask(connection: Connection) -> int:
        count = 0
        while time.perf_counter() < end:
            await connection.ask()
            count += 1
        return count

    start = time.perf_counter()
    counts = await asyncio.gather(*map(ask, connections))
    return sum(counts) / (time.perf_counter() - start)


async def latencies(connections: list[Connection], each_second: int, seconds: float) -> list[float]:
    """Return the seconds of requests that begin at a fixed rate, late ones included."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in connections:
        free.put_nowait(connection)
    taken: list[float] = []

    async def ask(due: float) -> None:
        connection = await free.get()
        await connection.ask()
        taken.append(time.perf_counter() - due)
        free.put_nowait(connection)

    start = time.perf_counter()
    tasks = []
    for number in range(int(each_second * seconds)):
        due = start + number / each_second
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(ask(due)))
    await asyncio.gather(*tasks)
    return taken


def cpu(pid: int) -> float:
    """Return the seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(ports: dict[str, int], pids: dict[str, int], rounds: int, seconds: float) -> None:
    """Print the rates and latencies of both servers, measured in turns."""
    rates: dict[str, list[float]] = {name: [] for name in ports}
    waits: dict[str, list[float]] = {name: [] for name in ports}
    costs: dict[str, list[float]] = {name: [] for name in ports}
    for turn in range(rounds):
        for name, port in ports.items():
            before = cpu(pids[name])
            connections = [Connection(port, f"s{turn}-{number}") for number in range(16)]
            for connection in connections:
                await connection.open()
            await rate(connections, 0.3)  # warms up
            rates[name].append(await rate(connections, seconds))
            waits[name] += await latencies(connections, 500, seconds)
            answered = sum(connection.count for connection in connections)
            costs[name].append((cpu(pids[name]) - before) / answered)
            for connection in connections:
                connection.writer.close()
    for name in ports:
        wait = sorted(waits[name])
        p50, p99 = wait[len(wait) // 2], wait[int(len(wait) * 0.99)]
        print(
            f"{name:8} {median(rates[name]):7.0f} requests/s, at 500/s: "
            f"median {1000 * p50:.2f} ms, p99 {1000 * p99:.2f} ms; "
            f"{1e6 * median(costs[name]):.0f} us of processor time a request"
        )
    echo = median(rates["echo"])
    for name in ports:
        print(f"{name:8} {median(rates[name]) / echo:.2f} of the echo server's rate")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder, "policy.toml")
        policy.write_text(POLICY)
        base = [sys.executable, "-c", SERVE, "serve", "--policy", str(policy), "--port", "0"]
        commands = {
            "echo": [sys.executable, "-c", ECHO],
            "memory": base,
            "state": [*base, "--state", str(Path(folder, "state.db"))],
        }
        env = {key: value for key, value in os.environ.items() if key != "ALLEGIANCE_TOKEN"}
        servers = {
            name: subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
            )
            for name, command in commands.items()
        }
        try:
            ports = {
                name: int((server.stdout.readline() if server.stdout else "").split()[0][17:])
                for name, server in servers.items()
            }
            asyncio.run(
                measure(
                    ports, {n: s.pid for n, s in servers.items()}, options.rounds, options.seconds
                )
            )
        finally:
            for server in servers.values():
                server.kill()
                server.wait()


if __name__ == "__main__":
    main()
