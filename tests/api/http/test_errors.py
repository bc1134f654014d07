from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi import Request  # noqa: TC002 - FastAPI reads annotations
from serving import POISON, serving

from api.http.errors import Code, as_problem
from api.schemas.scoring import ProblemDocument
from textcx.domain.errors import BadCursor, Conflict, NotFound, StoreProblem, TextcxError, WrongUse

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

ECHO = "secretword"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", f"/{ECHO}", 404), ("DELETE", "/v1/sentiment", 405), ("GET", "/v1/sentiment", 405), ("POST", f"/v1/{ECHO}?{ECHO}=1", 404), ("PATCH", "/info", 405)],
)  # fmt: skip
def test_every_error_is_a_problem_document_without_an_echo(
    service: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = service.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    found = ProblemDocument.model_validate(answer.json())
    assert found.status == status
    assert found.request_id == answer.headers["x-request-id"]
    assert ECHO not in answer.text.lower()


def test_a_failed_method_says_which_are_allowed(service: httpx.Client) -> None:
    assert service.get("/v1/sentiment").headers["allow"] == "POST"


def test_a_request_keeps_the_id_that_its_caller_gave_it(service: httpx.Client) -> None:
    assert service.get("/livez", headers={"x-request-id": "trace-7.a"}).headers["x-request-id"] == "trace-7.a"
    odd = service.get("/livez", headers={"x-request-id": "<script>"}).headers["x-request-id"]
    assert odd.isalnum()


def test_every_answer_has_the_security_headers(service: httpx.Client) -> None:
    for answer in (service.get("/livez"), service.get("/nowhere")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers or answer.headers["server"] == "uvicorn"


def test_a_failure_of_the_model_says_nothing_and_logs_no_text(capfd: pytest.CaptureFixture[str]) -> None:
    with serving(log_level="info") as client:
        answer = client.post("/v1/sentiment", json={"text": f"{POISON} {ECHO}"})
        good = client.post("/v1/sentiment", json={"text": f"good {ECHO}"})
    logged = capfd.readouterr().err
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert good.status_code == 200
    assert "ArithmeticError" in logged
    assert answer.json()["request_id"] in logged
    assert ECHO not in answer.text + logged
    assert POISON not in answer.text + logged


def test_an_error_that_nobody_foresaw_is_a_problem_without_its_message(capfd: pytest.CaptureFixture[str]) -> None:
    def broken(request: Request) -> None:
        raise ZeroDivisionError(ECHO)

    def add(app: FastAPI) -> None:
        app.add_api_route("/broken", broken)

    with serving(log_level="info", extend=add) as client:
        answer = client.get("/broken")
    logged = capfd.readouterr().err
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "ZeroDivisionError" in logged
    assert ECHO not in answer.text + logged


@pytest.mark.parametrize(
    ("error", "code"),
    [(NotFound, Code.NOT_FOUND), (Conflict, Code.CONFLICT), (BadCursor, Code.BAD_CURSOR), (WrongUse, Code.INVALID_REQUEST), (StoreProblem, Code.STORE_UNAVAILABLE), (TextcxError, Code.INTERNAL)],
)  # fmt: skip
def test_errors_of_textcx_keep_their_message_to_themselves(error: type[TextcxError], code: Code) -> None:
    problem = as_problem(error(ECHO))
    assert problem.code is code
    assert ECHO not in str(problem.document("id"))
