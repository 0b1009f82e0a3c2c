"""The routes: each reads its request, asks the engine, and answers JSON.

Annotations stay real here, since FastAPI reads them.
"""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from cladmop import __version__
from cladmop.errors import InputError
from cladmop.records import Trial
from cladmop.server import schemas
from cladmop.server.bodies import fields_of, read_json, read_object, read_trial, read_upload
from cladmop.server.documentation import ERRORS, answers, file_body, json_body
from cladmop.server.engine import Engine
from cladmop.server.errors import NotFoundError
from cladmop.server.jobs import as_csv, as_json_lines, read_format
from cladmop.server.metrics import CONTENT_TYPE, Metrics
from cladmop.server.service import SimilarTo, TrialService, WhatIf
from cladmop.server.settings import Settings
from cladmop.server.static_files import StaticFile, load_static

_TRIAL = json_body(schemas.TrialFields, schemas.StudyRecord)
_WHAT_IF = json_body(schemas.WhatIfByEdits, schemas.WhatIfByTrial)


def page_routes(settings: Settings, service: TrialService, metrics: Metrics, started: float) -> APIRouter:
    """Return the page, its files, and what the service says about itself."""
    router = APIRouter()
    files = load_static()

    async def page(request: Request) -> Response:
        return _file(request, files, "index.html")

    async def static(request: Request) -> Response:
        return _file(request, files, request.path_params["path"])

    async def favicon(request: Request) -> Response:
        return _file(request, files, "icon.svg")

    router.add_route("/", page, ["GET"], include_in_schema=False)
    router.add_route("/favicon.ico", favicon, ["GET"], include_in_schema=False)
    router.add_route("/static/{path:path}", static, ["GET"], include_in_schema=False)

    @router.get("/health", responses=answers(schemas.HealthAnswer))
    async def health() -> Response:
        """Say that the service is up."""
        uptime = round(time.monotonic() - started, 3)
        return JSONResponse({"status": "ok", "version": __version__, "model": settings.model, "uptime_s": uptime})

    @router.get("/model", responses=answers(schemas.ModelAnswer))
    async def model() -> Response:
        """Describe the model, its terms, and what is taken."""
        return JSONResponse(service.describe(settings))

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **ERRORS},
    )
    async def figures() -> Response:
        """Return figures about the service in Prometheus' text format."""
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    return router


def trial_routes(settings: Settings, engine: Engine) -> APIRouter:
    """Return the routes that take one trial as JSON."""
    router = APIRouter()
    limits, worker = settings.limits, engine.worker

    async def trial_of(request: Request) -> Trial:
        return read_trial(await _json(request), "trial", limits)

    @router.post("/predict", responses=answers(schemas.PredictionAnswer), openapi_extra=_TRIAL)
    async def predict(request: Request) -> Response:
        """Return the probability of success beside its base rate, with interval, drug mapping and warnings."""
        return JSONResponse(await worker.ask(engine.predict, await trial_of(request)))

    @router.post("/explain", responses=answers(schemas.ExplanationAnswer), openapi_extra=_TRIAL)
    async def explain(request: Request) -> Response:
        """Return what each criterion, drug and disease does to the score."""
        return JSONResponse(await worker.ask(engine.explain, await trial_of(request)))

    @router.post("/whatif", responses=answers(schemas.WhatIfAnswer), openapi_extra=_WHAT_IF)
    async def what_if(request: Request) -> Response:
        """Return the score before and after edits."""
        return JSONResponse(await worker.ask(engine.what_if, _edited(await _body(request), request, settings)))

    @router.post("/whatif/rank", responses=answers(schemas.RankAnswer), openapi_extra=_TRIAL)
    async def rank(request: Request) -> Response:
        """Return what leaving out each single criterion does, largest rise first."""
        return JSONResponse(await worker.ask(engine.rank, await trial_of(request)))

    @router.post("/similar", responses=answers(schemas.SimilarAnswer), openapi_extra=_TRIAL)
    async def similar(request: Request, k: Annotated[int, Query(ge=1, le=100)] = 10) -> Response:
        """Return past trials like this one with their outcomes, and base rates with counts."""
        return JSONResponse(await worker.ask(engine.similar, SimilarTo(await trial_of(request), k)))

    @router.post("/lookup", responses=answers(schemas.LookupAnswer), openapi_extra=json_body(schemas.LookupRequest))
    async def lookup(request: Request) -> Response:
        """Return the trial that the registry holds under an NCT number."""
        fields = read_object(await _body(request), _content_type(request), ("nct_id",))
        nct_id = fields.get("nct_id")
        if not isinstance(nct_id, str):
            raise InputError("nct_id is missing; give NCT and eight digits as a text")
        trial, version = await engine.lookup.find(nct_id)
        return JSONResponse({"trial": fields_of(trial), "version": version})

    return router


def file_routes(settings: Settings, engine: Engine) -> APIRouter:
    """Return the routes of uploaded files and of batches."""
    router = APIRouter()
    limits, jobs = settings.limits, engine.jobs

    @router.post(
        "/read", responses=answers(schemas.ReadAnswer), openapi_extra=file_body("PDF, DOCX, JSON, CSV or text")
    )
    async def read(request: Request) -> Response:
        """Return the trial of a file, for a person to confirm."""
        upload = read_upload(await _body(request), _content_type(request), limits)
        trial, warnings, confirm = await engine.reader.one(upload)
        return JSONResponse({"trial": fields_of(trial), "warnings": warnings, "confirm": confirm})

    @router.post(
        "/batch",
        status_code=202,
        responses=answers(schemas.JobAnswer, 202, "Accepted."),
        openapi_extra=file_body("CSV, JSON or JSON Lines"),
    )
    async def batch(request: Request) -> Response:
        """Score many trials in the background."""
        upload = read_upload(await _body(request), _content_type(request), limits)
        return JSONResponse(jobs.add(await engine.reader.many(upload)).to_json(), 202)

    @router.get("/batch/{name}", responses=answers(schemas.JobAnswer))
    async def progress(name: str) -> Response:
        """Say how far a batch is."""
        return JSONResponse(jobs.get(name).to_json())

    @router.get(
        "/batch/{name}/result",
        response_class=Response,
        responses={
            200: {
                "content": {
                    "text/csv": {"schema": {"type": "string"}},
                    "application/x-ndjson": {"schema": {"type": "string"}},
                },
            },
            **ERRORS,
        },
    )
    async def result(name: str, format: str = "csv") -> Response:  # noqa: A002 (the name of the query's parameter)
        """Return the scores of a finished batch, as `csv` or `jsonl`.

        In CSV, a text that a spreadsheet would take for a formula gets an apostrophe in front.
        """
        kind = read_format(format)
        rows = jobs.rows(name)
        text, media_type = (
            (as_csv(rows), "text/csv") if kind == "csv" else (as_json_lines(rows), "application/x-ndjson")
        )
        attached = {"Content-Disposition": f'attachment; filename="scores.{kind}"'}
        return Response(text, media_type=media_type, headers=attached)

    @router.delete("/batch/{name}", responses=answers(schemas.JobAnswer))
    async def cancel(name: str) -> Response:
        """Stop a batch; one that has ended is forgotten."""
        return JSONResponse(jobs.cancel(name).to_json())

    return router


def _edited(body: bytes, request: Request, settings: Settings) -> WhatIf:
    """Read ``{"trial": ..., "edits": [...]}`` or ``{"trial": ..., "edited": ...}``."""
    from cladmop.whatif import edit_from_json

    fields = read_object(body, _content_type(request), ("trial", "edits", "edited"))
    if "trial" not in fields or ("edits" in fields) == ("edited" in fields):
        raise InputError("give 'trial' and either 'edits' or 'edited'")
    limits = settings.limits
    trial = read_trial(fields["trial"], "trial", limits)
    if "edited" in fields:
        return WhatIf(trial, read_trial(fields["edited"], "edited", limits), (), limits)
    edits: Any = fields["edits"]
    if not isinstance(edits, list) or len(edits) > limits.edits:
        raise InputError(f"edits: give a list [...] of {limits.edits} edits at most")
    read = tuple(edit_from_json(edit, f"edits[{index}]") for index, edit in enumerate(edits))
    return WhatIf(trial, None, read, limits)


def _file(request: Request, files: dict[str, StaticFile], path: str) -> Response:
    found = files.get(path)
    if found is None:
        raise NotFoundError("no such file")
    headers = {"ETag": found.etag, "Cache-Control": "no-cache"}
    if found.etag in [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=found.media_type, headers=headers)


async def _body(request: Request) -> bytes:
    return await request.body()


async def _json(request: Request) -> Any:  # noqa: ANN401 (any JSON value)
    return read_json(await request.body(), _content_type(request))


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "")
