from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from textcx_client import Job, Receipt, Record, ServiceError, Text
from textcx_client.answers.datasets import Progress
from textcx_client.connection import read

RECEIPT = {
    "id": "r1",
    "kind": "respondent",
    "at": "2026-03-31T12:00:00Z",
    "requested_by": "Ana",
    "removed": {"records": 3},
}


def read_json(kind: type[Any], value: object) -> Any:
    return read(kind, json.dumps(value))


def test_an_answer_becomes_its_dataclass() -> None:
    receipt = read_json(Receipt, RECEIPT)
    assert receipt.at == datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert receipt.removed == {"records": 3}
    progress = read_json(Progress, {"stage": "encode", "stages": {"encode": {"done": 3, "seconds": 2, "total": None}}})
    assert progress.stages["encode"].seconds == 2.0


def test_what_a_newer_service_says_besides_breaks_nothing() -> None:
    assert read_json(Receipt, {**RECEIPT, "colour": {"of": "money"}}) == read_json(Receipt, RECEIPT)


def test_what_a_service_may_leave_out_takes_its_default() -> None:
    assert read_json(Progress, {}) == Progress(stage=None, stages={})


def test_half_an_emoji_is_read() -> None:
    assert read_json(Receipt, {**RECEIPT, "requested_by": "Ana \ud83d"}).requested_by == "Ana \ud83d"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"removed": {"records": "secretword"}}, r"`int`, got `str` - at `\$\.removed"), ({"id": None}, r"`\$\.id`"),
        ({"at": "secretword"}, r"datetime - at `\$\.at`"), ({"at": 7}, r"`datetime`, got `int`"), ({"removed": ["secretword"]}, "`object`, got `array`"),
        ({"removed": {"records": True}}, "`int`, got `bool`"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_its_place_only(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ServiceError, match=expected) as caught:
        read_json(Receipt, {**RECEIPT, **changes})
    assert caught.value.code == "unexpected_answer"
    assert "secretword" not in str(caught.value)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ServiceError, match="missing required field `removed`"):
        read_json(Receipt, {name: value for name, value in RECEIPT.items() if name != "removed"})
    with pytest.raises(ServiceError, match="`object`, got `array`"):
        read_json(Job, [])


def test_what_is_sent_has_the_fields_that_the_service_takes() -> None:
    from api.schemas.records import GivenRecord
    from api.schemas.scoring import GivenItem

    for sent, taken in ((Record, GivenRecord), (Text, GivenItem)):
        assert {field.name for field in dataclasses.fields(sent)} == set(taken.model_fields)
