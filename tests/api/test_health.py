from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families
from serving import Gate, serving

from textcx.domain.errors import ModelProblem, StoreProblem

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI


def test_a_live_service_says_so(service: httpx.Client) -> None:
    assert service.get("/livez").json() == {"live": True}


def test_a_ready_service_says_what_was_checked(service: httpx.Client) -> None:
    answer = service.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "checks": {"model": "ok", "queue": "ok"}}


def test_a_service_whose_model_cannot_be_loaded_lives_but_is_not_ready() -> None:
    def broken() -> None:
        msg = "weights are missing"
        raise ModelProblem(msg)

    with serving(make_tools=broken, log_level="error") as client:
        while client.get("/readyz").json()["checks"]["model"] == "loading":
            pass
        assert client.get("/livez").status_code == 200
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]["model"]) == (503, "failed")
        refused = client.post("/v1/sentiment", json={"text": "good"})
        assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")


def test_a_service_that_is_loading_refuses_and_says_when_to_come_back() -> None:
    gate = Gate()
    gate.close()
    with serving(gate=gate, make_tools=lambda: _tools(gate)) as client:
        assert gate.reached.wait(10)
        answer = client.post("/v1/sentiment", json={"text": "good"})
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert answer.headers["retry-after"]
        assert client.get("/readyz").json()["checks"]["model"] == "loading"


def _tools(gate: Gate) -> object:
    from serving import FakeTools

    return FakeTools(gate)


def test_a_service_that_lost_its_database_is_not_ready() -> None:
    def gone() -> None:
        msg = "no database"
        raise StoreProblem(msg)

    def add(app: FastAPI) -> None:
        app.state.services.checks["database"] = gone

    with serving(extend=add, make_tools=lambda: _tools(Gate())) as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "failed")


def test_info_names_models_and_limits(service: httpx.Client) -> None:
    info = service.get("/info").json()
    assert info["model_version"] == "fake-1@sha256:000000000000"
    assert info["limits"]["max_items"] == 1000
    assert all(len(model["sha256"]) == 64 for model in info["models"])
    assert info["calibration"]["confident_at"] == 0.6


def test_metrics_count_requests_by_route_template_and_never_by_path(service: httpx.Client) -> None:
    service.post("/v1/sentiment", json={"text": "good"})
    service.get("/secretword")
    page = service.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    assert "secretword" not in page.text
    families = {family.name: family for family in text_string_to_metric_families(page.text)}
    routes = {sample.labels["route"] for sample in families["textcx_requests"].samples if "route" in sample.labels}
    assert {"/v1/sentiment", "(none)"} <= routes
    for name in ("textcx_queue_seconds", "textcx_batch_items", "textcx_batch_tokens", "textcx_inference_seconds"):
        assert any(sample.name.endswith("_count") and sample.value > 0 for sample in families[name].samples)
