"""Measure the service under load: many clients at one time, a mix of questions, real studies and edited ones.

    python benchmarks/service_load.py --studies ctg-studies.json --clients 64 --seconds 60

Starts `cladmop serve` on a free port, and asks it until the time is over; each client waits for its answer before it
asks again. A body is a study of the file as it is, or with one criterion rewritten, so that not every text has been
seen. Prints a Markdown table of latencies, the codes, and the server's memory at the start, in the middle and at the
end. Ends with 1 if an answer was neither 200 nor 429.
"""
# ruff: noqa: INP001 (a script, not a package)

import argparse
import asyncio
import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx

MIX = "predict=6,explain=2,whatif=2,similar=1"
_PATHS = {
    "predict": "/predict", "explain": "/explain", "whatif": "/whatif", "similar": "/similar", "rank": "/whatif/rank",
}  # fmt: skip
_EDITED = 0.5
"""Share of the bodies that are edited."""
_TIMEOUT = 300.0


class Asked(NamedTuple):
    """One request and how it went."""

    kind: str
    code: int
    """HTTP status code; 0 if the connection failed."""
    seconds: float


class Server(NamedTuple):
    """A running service."""

    process: "subprocess.Popen[str]"
    address: str

    def memory(self) -> float:
        """Return its resident memory in MB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmRSS"))


def start(model: str, index: str | None) -> Server:
    """Start the service, and wait until it listens."""
    command = [sys.executable, "-m", "cladmop", "serve", "--port", "0", "--model", model, "--log-level", "warning"]
    if index is not None:
        command += ["--index", index]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 (our own command)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("cladmop serves "):
            return Server(process, line.split()[2])
    raise SystemExit("the service did not start; run `cladmop serve` to see why")


def edited(study: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """Return a study with one line of its criteria written anew."""
    protocol = study["protocolSection"]
    text = protocol.get("eligibilityModule", {}).get("eligibilityCriteria", "")
    lines = text.split("\n")
    items = [number for number, line in enumerate(lines) if line.strip() and not line.strip().endswith(":")]
    if items:
        lines[draw.choice(items)] += f" (amendment {draw.randrange(10**6)})"
    changed = {**protocol, "eligibilityModule": {"eligibilityCriteria": "\n".join(lines)}}
    return {**study, "protocolSection": changed}


def body_of(kind: str, studies: Sequence[dict[str, Any]], draw: random.Random) -> bytes:
    """Return what is sent."""
    study = draw.choice(studies)
    if kind == "whatif":
        return json.dumps({"trial": study, "edited": edited(study, draw)}).encode()
    return json.dumps(edited(study, draw) if draw.random() < _EDITED else study).encode()


async def client(
    server: Server, kinds: Sequence[str], studies: Sequence[dict[str, Any]], until: float, seed: int
) -> list[Asked]:
    """Ask, one question after the other, until the time is over."""
    draw, asked = random.Random(seed), []  # noqa: S311 (a repeatable load, no secret)
    async with httpx.AsyncClient(base_url=server.address, timeout=_TIMEOUT) as session:
        while time.perf_counter() < until:
            kind = draw.choice(kinds)
            body = body_of(kind, studies, draw)
            begin = time.perf_counter()
            try:
                answer = await session.post(_PATHS[kind], content=body, headers={"Content-Type": "application/json"})
            except httpx.HTTPError:
                asked.append(Asked(kind, 0, time.perf_counter() - begin))
                continue
            asked.append(Asked(kind, answer.status_code, time.perf_counter() - begin))
            if answer.status_code == 429:
                await asyncio.sleep(float(answer.headers["Retry-After"]))
    return asked


async def load(
    server: Server, options: argparse.Namespace, studies: Sequence[dict[str, Any]]
) -> tuple[list[Asked], list[float]]:
    """Let all clients ask; return how each request went, and the server's memory each second in MB."""
    kinds = [kind for part in options.mix.split(",") for kind, count in [part.split("=")] for _ in range(int(count))]
    until = time.perf_counter() + options.seconds
    clients = [asyncio.create_task(client(server, kinds, studies, until, seed)) for seed in range(options.clients)]
    memory = [server.memory()]
    while not all(one.done() for one in clients):
        await asyncio.wait(clients, timeout=1, return_when=asyncio.ALL_COMPLETED)
        memory.append(server.memory())
    return [asked for one in clients for asked in one.result()], memory


def table(asked: Sequence[Asked], seconds: float) -> str:
    """Return latencies of the answers that were 200, by kind, in milliseconds."""
    lines = [
        "| request | answers | a second | p50 ms | p95 ms | p99 ms |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for kind in (*sorted({one.kind for one in asked}), "all"):
        times = sorted(1000 * one.seconds for one in asked if one.code == 200 and kind in {one.kind, "all"})
        if times:
            shown = " | ".join(f"{times[int(share * (len(times) - 1))]:,.0f}" for share in (0.5, 0.95, 0.99))
            lines.append(f"| {kind} | {len(times):,} | {len(times) / seconds:,.1f} | {shown} |")
    return "\n".join(lines)


def main() -> None:
    """Start, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--studies", type=Path, required=True, help="a JSON list of version 2 studies")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--mix", default=MIX, help=f"kinds of requests and their weights: {', '.join(_PATHS)}")
    parser.add_argument("--model", default="default", help="model folder")
    parser.add_argument("--index", help="folder of past trials, if not the shipped one")
    options = parser.parse_args()
    studies = json.loads(options.studies.read_bytes())
    server = start(options.model, options.index)
    try:
        begin = time.perf_counter()
        asked, memory = asyncio.run(load(server, options, studies))
        seconds = time.perf_counter() - begin
    finally:
        server.process.terminate()
        server.process.wait(60)
    codes = Counter(one.code for one in asked)
    said = ", ".join(f"{count:,} x {code or 'no answer'}" for code, count in sorted(codes.items()))
    places = (memory[0], memory[len(memory) // 2], memory[-1])
    sys.stdout.write(
        f"{len(studies)} studies, {options.clients} clients, {seconds:.0f} s, {options.mix}: {len(asked):,} requests, "
        f"{said}\n\n{table(asked, seconds)}\n\nmemory of the server at the start, in the middle, at the end: "
        f"{', '.join(f'{one:,.0f}' for one in places)} MB\n"
    )
    sys.exit(0 if set(codes) <= {200, 429} else 1)


if __name__ == "__main__":
    main()
