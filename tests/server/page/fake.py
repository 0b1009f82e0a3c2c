"""A server that answers by the page's contract from an invented model: what the real one shows only seldom."""

import asyncio
import json
import math
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, UploadFile
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles

from cladmop.errors import CladmopError
from cladmop.records import Phase, Trial
from cladmop.sources.ctgov import trial_from_study
from cladmop.sources.fields import trial_from_fields

STATIC = Path(__file__).resolve().parents[3] / "src" / "cladmop" / "server" / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
NOTE = "An association in past trials, not a cause: changing the protocol need not change the outcome."
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 180 130"><title>drawn</title><path d="M60 40 90 25 120 40 '
    '120 75 90 90 60 75Z" fill="none" stroke="#333" stroke-width="2"/><circle cx="90" cy="25" r="12" fill="#3d94cb" '
    'opacity=".5"/><circle cx="60" cy="75" r="12" fill="#de8f3d" opacity=".5"/></svg>'
)


@dataclass
class Fake:
    """How the server behaves; tests change it."""

    token: str | None = None
    outside: bool = False
    outcomes: tuple[str, ...] = ("success", "failure")
    slow: float = 0.0
    trials: int = 30
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    cancelled: int = 0


def trial_of(body: Any) -> Trial:
    return trial_from_study(body, where="body") if "protocolSection" in body else trial_from_fields(body, "body")


def as_json(trial: Trial) -> dict[str, Any]:
    return trial.model_dump(mode="json")


def weight(text: str) -> float:
    """An invented contribution in log-odds, the same for the same text."""
    return (zlib.crc32(text.encode()) % 1000 / 1000 - 0.5) ** 3 * 4


def chance(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def score(trial: Trial) -> float:
    texts = [*trial.criteria, *(drug.name for drug in trial.drugs), *(one.name for one in trial.diseases)]
    return 0.3 + sum(map(weight, texts)) + {"I": 0.1, "II": -0.2}.get(trial.phase.group, 0.0)


def effect(log_odds: float, contribution: float) -> dict[str, Any]:
    points = chance(log_odds) - chance(log_odds - contribution)
    spread = 0.004 + 0.3 * abs(points)
    low, high = points - spread, points + spread
    return {"contribution": contribution, "points": points, "low": low, "high": high, "sure": low > 0 or high < 0}


def resolution(name: str) -> dict[str, Any]:
    known = not name.upper().startswith(("XYZ", "<"))
    return {
        "query": name, "name": name.lower().split(" ")[0] if known else name,
        "kind": "small molecule" if known else "unmapped", "smiles": "C1CCCCC1" if known else None,
        "inchikey": "XDTMQSROBMDMFD-UHFFFAOYSA-N" if known else None, "source": "dictionary" if known else "none",
        "confidence": 0.95 if known else 0.0, "date": "2024-05-01" if known else "",
        "conflict": ["chembl: GHASVSINZRGABV"] if known else [], "drawing": DRAWING if known else None,
    }  # fmt: skip


def around(log_odds: float) -> dict[str, float]:
    return {"probability": chance(log_odds), "low": chance(log_odds - 0.4), "high": chance(log_odds + 0.4)}


def create_fake(fake: Fake) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.mount("/static", StaticFiles(directory=STATIC))

    @app.middleware("http")
    async def guard(request: Request, call_next: Any) -> Any:
        path = request.url.path
        wanted = fake.token is not None and path != "/" and not path.startswith("/static")
        if wanted and request.headers.get("authorization") != f"Bearer {fake.token}":
            response = JSONResponse({"detail": "A token is needed."}, 401)
        else:
            response = await call_next(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    @app.exception_handler(CladmopError)
    async def refuse(_: Request, error: CladmopError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @app.get("/model")
    def model() -> dict[str, Any]:
        return {
            "title": "cladmop default", "terms": "Non-commercial use only.", "version": "0.9",
            "trained_on": "1,913 trials of TOP", "base_rates": {"I": {"rate": 0.57, "trials": 1161}}, "coverage": None,
            "phases": [phase.value for phase in Phase], "limits": {"max_items": 500}, "lookup": True,
            "index": {"trials": 3210, "source": "ClinicalTrials.gov"},
        }  # fmt: skip

    @app.post("/predict")
    async def predict(request: Request) -> dict[str, Any]:
        trial = trial_of(await request.json())
        rating = around(score(trial))
        return {
            "nctid": trial.nct_id, "probability": rating["probability"], "title": trial.title,
            "phase": trial.phase.value, "base_rate": 0.568, "base_rate_group": "I", "base_rate_trials": 1161,
            "interval": {"low": rating["low"], "high": rating["high"], "level": 0.9},
            "sets": [{"level": 0.8, "outcomes": ["success"]}, {"level": 0.9, "outcomes": list(fake.outcomes)}],
            "domain": {"distance": 0.4, "percentile": 99.0 if fake.outside else 60.0, "outside": fake.outside},
            "drugs": [resolution(drug.name) for drug in trial.drugs], "diseases": ["C34.90"],
            "warnings": [f"drug {drug.name!r} is not mapped" for drug in trial.drugs if drug.name.startswith("XYZ")],
            "trial": as_json(trial),
        }  # fmt: skip

    @app.post("/explain")
    async def explain(request: Request) -> dict[str, Any]:
        trial = trial_of(await request.json())
        whole = score(trial)

        def named(name: str) -> dict[str, Any]:
            return {"name": name, **effect(whole, weight(name))}

        items = [
            {"side": side, "item": number, "text": text, **effect(whole, weight(text))}
            for side in ("inclusion", "exclusion")
            for number, text in enumerate(getattr(trial, side), start=1)
        ]
        strongest = max(items, key=lambda item: abs(item["points"]))["text"] if items else "nothing"
        return {
            "probability": chance(whole), "base_rate": 0.568, "items": items,
            "drugs": [named(drug.name) | {"drawing": DRAWING} for drug in trial.drugs],
            "diseases": [named(disease.name) for disease in trial.diseases], "rest": -0.12,
            "summary": f"The score leans most on “{strongest}”. This is an association in past trials, not a cause.",
        }  # fmt: skip

    @app.post("/whatif")
    async def whatif(request: Request) -> dict[str, Any]:
        body = await request.json()
        await asyncio.sleep(fake.slow)
        old, new = trial_of(body["trial"]), trial_of(body["edited"])
        before, after = score(old), score(new)
        gone = [f"removed: “{text}”" for text in old.criteria if text not in new.criteria]
        come = [f"added: “{text}”" for text in new.criteria if text not in old.criteria]
        points = chance(after) - chance(before)
        change = {"points": points, "low": points - 0.02, "high": points + 0.02, "sure": abs(points) > 0.02}
        return {
            "before": around(before), "after": around(after), "change": change | {"log_odds": after - before},
            "changed": [*gone, *come] or ["other edits"], "note": NOTE,
        }  # fmt: skip

    @app.post("/whatif/rank")
    async def rank(request: Request) -> dict[str, Any]:
        trial = trial_of(await request.json())
        whole = score(trial)
        removals = []
        for side in ("inclusion", "exclusion"):
            for number, text in enumerate(getattr(trial, side), start=1):
                left = effect(whole, weight(text))
                shown = {"points": -left["points"], "low": -left["high"], "high": -left["low"], "sure": left["sure"]}
                removals.append({"side": side, "item": number, "text": text, **shown})
        removals.sort(key=lambda one: -one["points"])
        return {"before": around(whole), "removals": removals, "note": NOTE}

    @app.post("/similar")
    async def similar(request: Request) -> dict[str, Any]:
        trial_of(await request.json())
        kinds = ("successful", "unproven", "stopped")
        trials = [
            {
                "nct_id": f"NCT9500{number:04}", "title": f"An <b>invented</b> past trial {number} of docetaxel in cancer",
                "phase": "phase 1", "start_date": f"2005-0{number}-01", "outcome": kinds[number % 3],
                "reason": "slow accrual" if number % 3 == 2 else "", "similarity": 0.98 - number / 50,
                "link": f"https://clinicaltrials.gov/study/NCT9500{number:04}" if number != 3 else "javascript:alert(1)",
            }
            for number in range(1, 8)
        ]  # fmt: skip
        rates = [
            {
                "of": "phase I",
                "kind": "phase",
                "successes": 412,
                "trials": 980,
                "rate": 0.42,
                "low": 0.39,
                "high": 0.45,
            },
            {
                "of": "neoplasms",
                "kind": "disease",
                "successes": 60,
                "trials": 181,
                "rate": 0.33,
                "low": 0.27,
                "high": 0.4,
            },
            {"of": "docetaxel", "kind": "drug", "successes": 0, "trials": 0, "rate": None, "low": None, "high": None},
        ]
        return {"trials": trials, "base_rates": rates, "source": "ClinicalTrials.gov, processed 2024-01-01."}

    @app.post("/lookup")
    async def lookup(request: Request) -> JSONResponse:
        number = (await request.json())["nct_id"]
        if number == "NCT00000000":
            return JSONResponse({"detail": f"{number}: the registry has no such study."}, 404)
        trial = Trial(nct_id=number, title="Looked up", phase=Phase.PHASE_1, inclusion=("Age 18 or older",))
        return JSONResponse({"trial": as_json(trial), "version": f"{number}: version of 2024-01-01, the latest."})

    @app.post("/read")
    async def read(file: UploadFile) -> dict[str, Any]:
        data = await file.read()
        if file.filename and file.filename.endswith(".json"):
            return {"trial": as_json(trial_of(json.loads(data))), "warnings": [], "confirm": False}
        trial = Trial(title="A protocol", inclusion=("Age 18 or older", "Page 12"), exclusion=("Pregnancy",))
        return {"trial": as_json(trial), "warnings": ["Read from pages 11 to 12."], "confirm": True}

    @app.post("/batch", status_code=202)
    async def batch(file: UploadFile) -> dict[str, Any]:
        data = await file.read()
        if not data.strip():
            raise CladmopError("the file is empty; give at least one trial")
        fake.jobs["j1"] = {"id": "j1", "total": fake.trials, "done": 0, "state": "running", "detail": None}
        return {"id": "j1", "total": fake.trials}

    @app.get("/batch/{key}")
    def progress(key: str) -> dict[str, Any]:
        job = fake.jobs[key]
        job["done"] = min(job["total"], job["done"] + 10)
        if job["done"] == job["total"]:
            job["state"] = "finished"
        return job

    @app.get("/batch/{key}/result")
    def result(key: str, format: str) -> PlainTextResponse:  # noqa: A002 (the contract's name)
        return PlainTextResponse("nctid,probability\nNCT95000001,0.5\n" if format == "csv" else "{}\n")

    @app.delete("/batch/{key}")
    def cancel(key: str) -> dict[str, Any]:
        fake.cancelled += 1
        fake.jobs[key]["state"] = "cancelled"
        fake.jobs[key]["total"] = 10**6
        return fake.jobs[key]

    return app
