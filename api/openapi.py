"""The OpenAPI document: what FastAPI finds by itself, and what routes that read their own bodies say.

``python -m api docs/openapi.json`` writes it; a test compares the committed one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from textcx.domain.version import __version__

from .schemas.scoring import ProblemDocument

TITLE = "textcx"
DESCRIPTION = """Sentiment, themes, pain points and journey of customer feedback, on your own machine.

Errors are RFC 9457 problem documents (`application/problem+json`); under `/compat` and `/predict` they have the
vendors' shapes. Offsets are half-open and, unless `offset_encoding` says otherwise, in code points."""
STRING: dict[str, Any] = {"type": "string"}
REF = "#/components/schemas/{model}"
REASONS = {
    400: "not JSON, or not to be understood",
    401: "no valid key",
    403: "the key may not do this",
    404: "there is no such thing",
    405: "the method is not allowed here",
    408: "the body came too slowly",
    409: "contradicts what is there",
    413: "too large",
    415: "not a kind of body that is understood",
    422: "fields are missing or wrong",
    429: "too many requests, or too many texts waiting; see Retry-After",
    500: "something went wrong here",
    503: "starting or stopping, or the database cannot be reached",
    507: "no room to keep it",
}
KEEPING = ("/v1/datasets", "/v1/jobs", "/v1/webhooks", "/v1/respondents")
OPEN = frozenset({"/livez", "/readyz"})
_BODIES: dict[str, type[BaseModel]] = {}


def body_of(model: type[BaseModel], *, media_type: str = "application/json", example: object = None) -> dict[str, Any]:
    """Describe the body of a route that reads it itself; for ``openapi_extra``."""
    _BODIES[model.__name__] = model
    content: dict[str, Any] = {"schema": {"$ref": REF.format(model=model.__name__)}}
    if example is not None:
        content["example"] = example
    return {"requestBody": {"required": True, "content": {media_type: content}}}


def parameter_of(name: str, place: str, schema: Mapping[str, Any], *, required: bool = False) -> dict[str, Any]:
    """Describe a parameter of a route that reads it itself, in ``query`` or ``header``; for ``openapi_extra``."""
    return {"name": name, "in": place, "required": required, "schema": schema}


def object_of(**properties: object) -> dict[str, Any]:
    """Return the JSON schema of an object that has all these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def described(reasons: Mapping[int, str], content: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    """Describe answers of one kind of content by status; for ``responses``."""
    return {status: {"description": reason, "content": content} for status, reason in reasons.items()}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the problem documents that a route may answer with; for ``responses``."""
    schema = {"$ref": REF.format(model="ProblemDocument")}
    return described({status: REASONS[status] for status in statuses}, {"application/problem+json": {"schema": schema}})


def document(app: FastAPI) -> dict[str, Any]:
    """Build the document of an app."""
    found = get_openapi(title=TITLE, version=__version__, description=DESCRIPTION, routes=app.routes, tags=TAGS)
    models: dict[str, type[BaseModel]] = {**_BODIES, "ProblemDocument": ProblemDocument}
    _, extra = models_json_schema([(model, "validation") for model in models.values()], ref_template=REF)
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= extra.get("$defs", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    components["securitySchemes"] = SCHEMES
    found["security"] = [{name: []} for name in SCHEMES]
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    components["schemas"] = dict(sorted(schemas.items()))
    return found


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    """Add what holds of every operation that takes a body or keeps something; take out what FastAPI makes up."""
    if path in OPEN:
        operation["security"] = []
    answers: dict[str, Any] = operation["responses"]
    for status, answer in answers.items():
        content = answer.get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        if status == "422" and str(schema.get("$ref", "")).endswith("HTTPValidationError"):
            answer.update(problems(422)[422])
        elif status.startswith("2") and not schema and "text/plain" not in content:
            content.pop("application/json", None)
    if "requestBody" in operation and "413" in answers:
        answers["408"] = {**answers["413"], "description": REASONS[408]}
    if path.startswith(KEEPING) and method != "get":
        answers["507"] = problems(507)[507]


TAGS = [
    {"name": "scoring", "description": "Texts in, answers out, nothing kept."},
    {"name": "data sets", "description": "Feedback that belongs together, and the records that come into it."},
    {"name": "jobs", "description": "Pieces of work that go on whatever happens to the process."},
    {"name": "findings", "description": "What was found in a data set, filtered, as JSON or CSV."},
    {"name": "triage", "description": "Records that need a person."},
    {"name": "privacy", "description": "Erase a person everywhere."},
    {"name": "webhooks", "description": "Be told about urgent records and finished jobs."},
    {"name": "drop-in", "description": "The same answers in the shapes of other services, for their clients."},
    {"name": "operation", "description": "For those who run the service."},
]
SCHEMES: dict[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key: `Authorization: Bearer tcx_...`"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
}


def written(app: FastAPI) -> str:
    """Return the document as it is committed."""
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"
