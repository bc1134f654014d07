from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from textcx.client import documents, found, scored
from textcx.client.documents import Job, Progress, Receipt, TriageEntry
from textcx.client.errors import ServiceError
from textcx.client.reading import read

RECEIPT = {
    "id": "r1",
    "kind": "respondent",
    "at": "2026-03-31T12:00:00Z",
    "requested_by": "Ana",
    "removed": {"records": 3},
}


def test_an_answer_becomes_its_dataclass() -> None:
    receipt = read(Receipt, RECEIPT)
    assert receipt.at == datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert receipt.removed == {"records": 3}
    progress = read(Progress, {"stage": "encode", "stages": {"encode": {"done": 3, "seconds": 2, "total": None}}})
    assert progress.stages["encode"].seconds == 2.0


def test_what_a_newer_service_says_besides_breaks_nothing() -> None:
    assert read(Receipt, {**RECEIPT, "colour": {"of": "money"}}) == read(Receipt, RECEIPT)


def test_what_an_older_service_does_not_say_is_null_where_it_may_be() -> None:
    assert read(Progress, {}) == Progress(stage=None, stages={})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"removed": {"records": "secretword"}}, r"removed\.\(a name\) should be int"), ({"id": None}, "id should be str"),
        ({"at": "secretword"}, "at should be a moment"), ({"at": 7}, "at should be a moment"), ({"removed": ["secretword"]}, "removed should be an object"),
        ({"removed": {"records": True}}, "should be int"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_its_place_only(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ServiceError, match=expected) as caught:
        read(Receipt, {**RECEIPT, **changes})
    assert caught.value.code == "unexpected_answer"
    assert "secretword" not in str(caught.value)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ServiceError, match="removed should be there"):
        read(Receipt, {name: value for name, value in RECEIPT.items() if name != "removed"})
    with pytest.raises(ServiceError, match="answer should be an object"):
        read(Job, [])


OF_THE_API = {
    documents.Dataset: "documents.DatasetDocument", documents.JobError: "documents.JobErrorDocument",
    documents.StageProgress: "documents.StageProgress", documents.Progress: "documents.JobProgress", Job: "documents.JobDocument",
    documents.TriageReason: "documents.TriageReason", documents.TriageStep: "documents.TriageStep", TriageEntry: "documents.TriageEntryDocument",
    documents.Webhook: "documents.WebhookDocument", documents.NewWebhook: "documents.NewWebhookDocument",
    documents.Delivery: "documents.DeliveryDocument", Receipt: "documents.ReceiptDocument", documents.Record: "documents.GivenRecord",
    found.Quote: "found.QuoteDocument", found.Theme: "found.ThemeDocument", found.PainPoint: "found.PainPointDocument",
    found.Stage: "found.StageDocument", found.Driver: "found.DriverDocument", found.Rating: "found.RatingDocument",
    found.Trend: "found.TrendDocument", found.FoundSegment: "found.SegmentDocument", found.KeptRecord: "found.RecordDetail",
    scored.Text: "schemas.GivenItem", scored.Segment: "schemas.AnsweredSegment", scored.Item: "schemas.AnsweredItem",
    scored.ThemeMatch: "schemas.FoundTheme", scored.AnalyzedSegment: "schemas.AnalyzedSegment", scored.Span: "schemas.Evidence",
    scored.Pain: "schemas.FoundPain", scored.Masked: "schemas.MaskedSpan", scored.AnalyzedItem: "schemas.AnalyzedItem",
}  # fmt: skip


@pytest.mark.parametrize("kind", OF_THE_API, ids=lambda kind: kind.__name__)
def test_the_client_knows_every_field_of_the_service(kind: type[Any]) -> None:
    from importlib import import_module

    module, _, name = OF_THE_API[kind].partition(".")
    model = getattr(import_module(f"api.{module}"), name)
    assert {field.name for field in dataclasses.fields(kind)} == set(model.model_fields)


def test_every_answer_of_the_client_is_compared_with_one_of_the_service() -> None:
    kinds = {
        each for module in (documents, found, scored) for each in vars(module).values()
        if dataclasses.is_dataclass(each) and isinstance(each, type)
    }  # fmt: skip
    assert kinds - set(OF_THE_API) == {documents.Readiness, documents.Info, scored.FailedItem, scored.Batch}
