from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from serving import POISON, MemoryKeys, serving

from textcx.domain.service.keys import Scope

if TYPE_CHECKING:
    import httpx


def predict(service: httpx.Client, inputs: Any, **body: Any) -> httpx.Response:
    return service.post("/predict", json={"inputs": inputs, **body})


@pytest.mark.parametrize("inputs", ["lovely", ["lovely"]])
def test_one_text_gets_one_list_best_first(service: httpx.Client, inputs: Any) -> None:
    answer = predict(service, inputs).json()
    assert [set(each) for each in answer] == [{"label", "score"}] * 3
    assert answer[0]["label"] == "positive"
    assert [each["score"] for each in answer] == sorted((each["score"] for each in answer), reverse=True)


def test_a_batch_is_a_list_of_lists(service: httpx.Client) -> None:
    answer = predict(service, [["lovely"], ["broken and late"]]).json()
    assert [row[0]["label"] for row in answer] == ["positive", "negative"]


def test_raw_scores_give_the_same_probabilities_after_a_softmax(service: httpx.Client) -> None:
    shares = {each["label"]: each["score"] for each in predict(service, "lovely").json()}
    raw = {each["label"]: math.exp(each["score"]) for each in predict(service, "lovely", raw_scores=True).json()}
    total = sum(raw.values())
    assert {label: value / total for label, value in raw.items()} == pytest.approx(shares, abs=1e-5)


@pytest.mark.parametrize(
    ("inputs", "status", "kind"),
    [([], 400, "empty"), (["a", "b"], 422, "tokenizer"), ([["a", "b"]], 422, "tokenizer"), (7, 422, "tokenizer"), ([["a"]] * 33, 413, "validation"), ([[7]], 422, "tokenizer"), ("x" * 200_001, 413, "validation")],
)  # fmt: skip
def test_wrong_inputs_get_the_servers_own_errors(service: httpx.Client, inputs: Any, status: int, kind: str) -> None:
    answer = predict(service, inputs)
    assert (answer.status_code, answer.json()["error_type"]) == (status, kind)
    assert set(answer.json()) == {"error", "error_type"}


def test_a_failing_model_is_a_failed_dependency(service: httpx.Client) -> None:
    answer = predict(service, POISON)
    assert (answer.status_code, answer.json()["error_type"]) == (424, "backend")


def test_a_missing_key_is_said_in_the_same_shape() -> None:
    keys = MemoryKeys()
    keys.make(Scope.ANALYZE)
    with serving(keys=keys) as client:
        answer = predict(client, "a")
    assert (answer.status_code, answer.json()["error_type"]) == (401, "unauthorized")
