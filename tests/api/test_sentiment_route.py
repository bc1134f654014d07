from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from fakes import FakeEncoder, FakeLanguageDetector, FakeSplitter

from api.schemas.scoring import SentimentAnswer
from textcx.domain.items import GivenText
from textcx.pipelines.text import score_texts

if TYPE_CHECKING:
    import httpx

MIXED = "Lovely friendly staff. The parcel was late and the box broken."
EMOJI = "Great \U0001f600 \U0001f600. But it was late, rude and dirty \U0001f621!"


def ask(service: httpx.Client, **body: Any) -> httpx.Response:
    return service.post("/v1/sentiment", json=body)


def test_one_text_gets_the_item_that_the_library_gives(service: httpx.Client) -> None:
    answer = ask(service, text=MIXED, id="a", segments=True)
    [item] = score_texts(
        [GivenText("a", MIXED)], encoder=FakeEncoder(), languages=FakeLanguageDetector(), splitter=FakeSplitter()
    )
    assert answer.status_code == 200
    assert answer.json() == {"model_version": FakeEncoder.encoder_id, "items": [item.plain(segments=True)]}
    SentimentAnswer.model_validate(answer.json())


def test_items_come_back_in_order_with_their_own_ids(service: httpx.Client) -> None:
    items = [{"id": f"r-{n}", "text": "lovely" if n % 2 else "broken and late"} for n in range(200)]
    answers = ask(service, items=items).json()["items"]
    assert [answer["id"] for answer in answers] == [item["id"] for item in items]
    assert [answer["label"] for answer in answers] == ["negative", "positive"] * 100


def test_items_without_an_id_are_named_after_their_place(service: httpx.Client) -> None:
    answers = ask(service, items=[{"text": "good"}, {"text": "bad", "id": 7}, {"text": "ok"}]).json()["items"]
    assert [answer["id"] for answer in answers] == ["line-1", "7", "line-3"]


def test_segments_are_listed_only_where_they_are_asked_for(service: httpx.Client) -> None:
    assert "segments" not in ask(service, text=MIXED).json()["items"][0]
    assert len(ask(service, text=MIXED, segments=True).json()["items"][0]["segments"]) == 2


@pytest.mark.parametrize(
    ("unit", "encoding", "width"), [("utf16", "utf-16-le", 2), ("utf8", "utf-8", 1), ("codepoint", "utf-32-le", 4)]
)
def test_offsets_cut_the_text_in_the_callers_own_encoding(
    service: httpx.Client, unit: str, encoding: str, width: int
) -> None:
    plain = ask(service, text=EMOJI, segments=True).json()["items"][0]["segments"]
    moved = ask(service, text=EMOJI, segments=True, offset_encoding=unit).json()["items"][0]["segments"]
    raw = EMOJI.encode(encoding)
    cut = [raw[width * each["start"] : width * each["end"]].decode(encoding) for each in moved]
    assert cut == [EMOJI[each["start"] : each["end"]] for each in plain]


def test_one_bad_item_does_not_fail_the_others(service: httpx.Client) -> None:
    items = [{"id": "a", "text": "good"}, {"id": "b", "text": "x" * 200_001}, {"id": "a", "text": "bad"}]
    answers = ask(service, items=items).json()["items"]
    assert answers[0]["label"] == "positive"
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, "text_too_long", "duplicate_id"]


def test_a_text_of_three_megabytes_is_refused_as_an_item(service: httpx.Client) -> None:
    [answer] = ask(service, text="bad " * 750_000).json()["items"]
    assert answer["error"]["code"] == "text_too_long"


def test_one_item_too_many_is_refused(service: httpx.Client) -> None:
    answer = ask(service, items=[{"text": "ok"}] * 1001)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_items")


def test_no_items_get_no_answers(service: httpx.Client) -> None:
    assert ask(service, items=[]).json()["items"] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (None, "empty"),
        ("n/a", "not_an_answer"),
        ("Das ist nicht gut und die Leute auch nicht", "language_unsupported"),
    ],
)
def test_a_text_that_cannot_be_judged_says_why_and_is_no_error(
    service: httpx.Client, text: str | None, reason: str
) -> None:
    [answer] = ask(service, text=text).json()["items"]
    assert (answer["label"], answer["reason"]) == (None, reason)


def test_the_callers_language_is_believed(service: httpx.Client) -> None:
    [answer] = ask(service, text="Das ist nicht gut", language="en-GB").json()["items"]
    assert (answer["language"], answer["reason"]) == ("en", None)


def test_half_an_emoji_is_scored_like_any_text(service: httpx.Client) -> None:
    answer = service.post(
        "/v1/sentiment",
        content=rb'{"text": "lovely \ud83d", "segments": true, "offset_encoding": "utf8"}',
        headers={"content-type": "application/json"},
    )
    assert answer.json()["items"][0]["label"] == "positive"


def test_the_model_version_can_be_pinned(service: httpx.Client) -> None:
    assert ask(service, text="ok", model_version="latest").status_code == 200
    assert ask(service, text="ok", model_version=FakeEncoder.encoder_id).status_code == 200
    other = ask(service, text="ok", model_version="sentiment-0@sha256:no")
    assert (other.status_code, other.json()["code"]) == (409, "model_version_unavailable")


@pytest.mark.parametrize(
    "body",
    [
        {}, [], "text", 7, None, {"text": "a", "items": []}, {"items": "a"}, {"items": [1]}, {"items": [{}]},
        {"items": [{"id": [], "text": "a"}]}, {"items": [{"id": True, "text": "a"}]}, {"items": [{"id": "", "text": "a"}]},
        {"text": 3}, {"text": "a", "secretword": 1}, {"text": "a", "segments": "yes"}, {"text": "a", "offset_encoding": "secretword"},
        {"text": "a", "language": "secretword" * 9}, {"items": [{"text": "a"}], "id": "x"}, {"text": "a", "id": 10**30},
    ],
)  # fmt: skip
def test_a_wrong_shape_is_refused_without_repeating_it(service: httpx.Client, body: Any) -> None:
    answer = service.post("/v1/sentiment", content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["invalid_params"]
    assert "secretword" not in answer.text


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{'text': 1}", b"\xff\xfe{", b"[" * 100_000, b'{"text": ' + b"9" * 5000 + b"}"]
)
def test_what_is_no_json_is_refused(service: httpx.Client, body: bytes) -> None:
    answer = service.post("/v1/sentiment", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_refused(service: httpx.Client, kind: str) -> None:
    answer = service.post("/v1/sentiment", content=b'{"text": "a"}', headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
