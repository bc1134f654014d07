"""Errors in the shapes of those whose clients call us: Amazon Comprehend, Azure AI Language, text-embeddings-inference.

Each function takes our code, status and message and the request's id, and gives status, body and headers as the
vendor's clients expect them; their retries then work by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

Shape = tuple[int, dict[str, Any], dict[str, str]]

COMPREHEND, AZURE, PREDICT = "/compat/comprehend", "/compat/azure", "/predict"
AWS_JSON = "application/x-amz-json-1.1"
SERVER_ERROR, WRONG_METHOD, FAILED_MODEL = 500, 405, 424

_AWS = {
    "unauthorized": "UnrecognizedClientException",
    "only_loopback": "UnrecognizedClientException",
    "forbidden": "AccessDeniedException",
    "rate_limited": "TooManyRequestsException",
    "overloaded": "TooManyRequestsException",
    "not_json": "SerializationException",
    "too_many_items": "BatchSizeLimitExceededException",
    "text_too_long": "TextSizeLimitExceededException",
    "not_found": "UnknownOperationException",
    "internal": "InternalServerException",
    "not_ready": "ServiceUnavailableException",
}
_AZURE_OUTER = {status: HTTPStatus(status).phrase.replace(" ", "") for status in (401, 403, 404, 429, 500, 503)}
_AZURE_INNER = {
    "too_many_items": "InvalidDocumentBatch",
    "model_version_unavailable": "ModelVersionIncorrect",
    "not_json": "InvalidRequestBodyFormat",
    "invalid_request": "InvalidParameterValue",
}
_TEI = {
    400: "empty",
    401: "unauthorized",
    403: "unauthorized",
    413: "validation",
    422: "tokenizer",
    429: "overloaded",
    500: "backend",
    503: "unhealthy",
}


def comprehend(code: str, status: int, message: str, request_id: str) -> Shape:
    """As Amazon Comprehend says it: 400 also for throttling, the kind in ``__type``."""
    kind = _AWS.get(code, "InternalServerException" if status >= SERVER_ERROR else "InvalidRequestException")
    return (
        status if status >= SERVER_ERROR or status == WRONG_METHOD else 400,
        {"__type": kind, "Message": message, "message": message},
        {"content-type": AWS_JSON, "x-amzn-RequestId": request_id, "x-amzn-ErrorType": kind},
    )


def azure(code: str, status: int, message: str, request_id: str) -> Shape:
    """As Azure AI Language says it: a code for all, the particular one inside."""
    outer = _AZURE_OUTER.get(status)
    headers = {"apim-request-id": request_id}
    if outer is not None:
        return status, {"error": {"code": outer, "message": message}}, headers
    inner = {"code": _AZURE_INNER.get(code, "InvalidRequest"), "message": message}
    status = 400 if status in {409, 422} else status
    return status, {"error": {"code": "InvalidRequest", "message": "Invalid Request.", "innererror": inner}}, headers


def predict(code: str, status: int, message: str, request_id: str) -> Shape:
    """As text-embeddings-inference says it."""
    del request_id
    status = 413 if code in {"too_many_items", "text_too_long"} else FAILED_MODEL if code == "internal" else status
    kind = "backend" if status == FAILED_MODEL else _TEI.get(status, "validation")
    return status, {"error": message, "error_type": kind}, {}


DIALECTS: Mapping[str, Callable[[str, int, str, str], Shape]] = {
    COMPREHEND: comprehend,
    AZURE: azure,
    PREDICT: predict,
}
