"""The OpenAPI description: generated, and completed with the bodies of requests, which no framework reads here."""

from typing import TYPE_CHECKING, Any

from cladmop import __version__
from cladmop.server.schemas import REQUESTS, Detail

if TYPE_CHECKING:
    from fastapi import FastAPI
    from pydantic import BaseModel

_REFERENCE = "#/components/schemas/{model}"
ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Detail, "description": "What can be mended by the caller, in one sentence."},
    500: {"model": Detail, "description": "A fault of the service, with the name of its entry in the log."},
}
"""Answers that every route may give."""


def answers(model: "type[BaseModel]", code: int = 200, description: str = "Done.") -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route."""
    return {code: {"model": model, "description": description}, **ERRORS}


def json_body(*models: "type[BaseModel]") -> dict[str, Any]:
    """Return ``openapi_extra`` of a route that takes one of the models as JSON."""
    choices = [{"$ref": _REFERENCE.format(model=model.__name__)} for model in models]
    schema = choices[0] if len(choices) == 1 else {"oneOf": choices}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def file_body(kinds: str) -> dict[str, Any]:
    """Return ``openapi_extra`` of a route that takes a file."""
    file = {"type": "string", "contentMediaType": "application/octet-stream", "description": kinds}
    schema = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def describe(app: "FastAPI", *, token: bool) -> None:
    """Make an application describe itself whole."""
    from fastapi.openapi.utils import get_openapi
    from pydantic.json_schema import models_json_schema

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            description = get_openapi(
                title="cladmop",
                version=__version__,
                description="How likely is a clinical trial to succeed? Associations in past trials, not causes.",
                routes=app.routes,
            )
            _, models = models_json_schema([(model, "validation") for model in REQUESTS], ref_template=_REFERENCE)
            parts = description.setdefault("components", {})
            parts["schemas"] = {**models["$defs"], **parts.get("schemas", {})}
            if token:
                parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
                description["security"] = [{"token": []}]
            app.openapi_schema = description
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way
