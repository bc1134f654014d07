from __future__ import annotations

import pytest
from scripted import Say, saying
from serving import MemoryKeys, serving

from textcx.domain.service.keys import Scope
from textcx_client import Client, FailedItem, ServiceError, Text, WrongUse
from textcx_client.scoring import Placed, in_chunks

TEXTS = ["Great food, lovely staff.", "The parcel was lost.", "n/a"]


def test_one_text_is_scored(scoring: Client) -> None:
    item = scoring.sentiment("Great food, lovely staff. But it broke.", segments=True)
    assert (item.id, item.language_supported) == ("line-1", True)
    assert item.label in {"negative", "neutral", "positive"}
    assert item.probabilities is not None
    assert sum(item.probabilities.values()) == pytest.approx(1, abs=1e-3)
    assert item.segments is not None
    assert item.segments[0].start == 0
    assert scoring.sentiment(Text("n/a", id="x")).reason == "not_an_answer"
    assert scoring.sentiment("Great food.").segments is None


def test_as_many_texts_as_one_likes_are_scored_in_their_order(scoring: Client) -> None:
    batch = scoring.sentiment_many(TEXTS[place % 3] for place in range(2300))
    assert [item.id for item in batch.items] == [f"line-{place}" for place in range(1, 2301)]
    assert batch.failed == ()
    assert [item.label for item in batch.answered[:3]] == [item.label for item in batch.answered[2298:2300]] + [None]
    assert batch.model_version == scoring.info().model_version


def test_an_item_that_cannot_be_scored_stands_in_its_place_and_fails_no_other(scoring: Client) -> None:
    given = [{"id": str(place), "text": "Fine."} for place in range(1200)]
    given[1100]["id"] = "3"
    given[1101]["text"] = "x" * 200_001
    items = scoring.sentiment_many(given).items
    failed = {place: item.code for place, item in enumerate(items) if isinstance(item, FailedItem)}
    assert failed == {1100: "duplicate_id", 1101: "text_too_long"}
    assert [item.id for item in items[:1100]] == [str(place) for place in range(1100)]


def test_a_null_text_is_an_empty_one_and_a_misspelt_field_is_refused(scoring: Client) -> None:
    items = scoring.sentiment_many([{"id": "a", "text": None}, {"id": "b", "text": "Fine."}]).items
    assert [item.id for item in items] == ["a", "b"]
    with pytest.raises(ServiceError) as caught:
        scoring.sentiment_many([{"text": "Fine.", "lang": None}])
    assert caught.value.status == 422


def test_one_text_that_cannot_be_scored_is_an_error(scoring: Client) -> None:
    with pytest.raises(ServiceError, match="text_too_long") as caught:
        scoring.sentiment("y" * 200_001)
    assert caught.value.code == "text_too_long"
    assert "yy" not in str(caught.value)


def test_a_wrong_text_is_named_by_its_place_among_all_that_were_given(scoring: Client) -> None:
    given = [{"text": "Fine."} for _ in range(1500)]
    given[1003] = {"text": 7}  # type: ignore[dict-item]
    with pytest.raises(ServiceError) as caught:
        scoring.sentiment_many(given)
    assert (caught.value.status, caught.value.code) == (422, "invalid_request")
    assert [param.name for param in caught.value.invalid_params] == ["items.1003.text"]
    assert "items.1003.text: expected a string" in str(caught.value)
    assert caught.value.request_id in str(caught.value)


def test_half_an_emoji_is_scored_like_any_text(scoring: Client) -> None:
    assert scoring.sentiment("Great food \ud83d").label is not None
    assert scoring.analyze("The app crashed again \ud83d and lost my order.").label is not None


def test_a_service_that_takes_less_at_once_gets_less_at_once() -> None:
    with serving(max_items=7) as plain, Client(str(plain.base_url), trust_env=False) as client:
        items = client.sentiment_many(TEXTS * 10).items
    assert [item.id for item in items] == [f"line-{place}" for place in range(1, 31)]


def test_no_texts_are_no_request() -> None:
    with saying() as server, Client(server.url, trust_env=False) as client:
        batch = client.sentiment_many([])
    assert (batch.items, batch.model_version, server.asked) == ((), None, [])


def test_all_texts_are_answered_by_one_version_of_the_model() -> None:
    def answer(version: str, first: int, last: int) -> Say:
        item = {
            "label": None, "polarity": None, "probabilities": None, "strongest": None, "mixed": False,
            "confident": False, "windows": 0, "language": None, "language_supported": True, "p_pain": None,
            "p_request": None, "emotions": None, "reason": "empty",
        }  # fmt: skip
        items = [{"id": f"line-{place}", **item} for place in range(first, last)]
        return Say(body={"model_version": version, "items": items})

    with (
        saying(answer("v1", 1, 1001), answer("v1", 1001, 1101)) as server,
        Client(server.url, trust_env=False) as client,
    ):
        assert client.sentiment_many([""] * 1100).model_version == "v1"
    assert "model_version" not in server.asked[0].json()
    assert server.asked[1].json()["model_version"] == "v1"


def test_no_request_has_more_texts_or_bytes_than_a_service_takes() -> None:
    large = [Placed(place, {"text": "x" * 600_000}) for place in range(14)]
    assert [len(chunk) for chunk in in_chunks(large)] == [6, 6, 2]
    small = [Placed(place, {"text": "x"}) for place in range(2001)]
    assert [len(chunk) for chunk in in_chunks(small)] == [1000, 1000, 1]
    huge = [Placed(place, {"text": "x" * 5_000_000}) for place in range(2)]
    assert [len(chunk) for chunk in in_chunks(huge)] == [1, 1]
    assert [each.place for chunk in in_chunks(large) for each in chunk] == list(range(14))


def test_texts_are_analyzed_to_segments_stages_and_pain_points(scoring: Client) -> None:
    text = "They charged my card twice and nobody answers. Lovely staff."
    item = scoring.analyze(Text(text, id="r-1", language="en"))
    assert item.id == "r-1"
    assert item.segments
    assert all(segment.themes is None and segment.stage for segment in item.segments)
    for pain in item.pain_points:
        for quote in pain.evidence:
            assert text[quote.start : quote.end] == quote.quote
    batch = scoring.analyze_many([text, text])
    assert [each.id for each in batch.items] == ["line-1", "line-2"]
    with pytest.raises(ServiceError) as caught:
        scoring.analyze(text, theme_set="none-such")
    assert caught.value.code == "theme_set_unknown"


def test_what_is_no_text_is_refused_before_anything_is_sent(scoring: Client) -> None:
    with pytest.raises(WrongUse, match="expected several texts, got one"):
        scoring.sentiment_many("Great food.")
    with pytest.raises(WrongUse, match="got int at place 1"):
        scoring.sentiment_many(["Fine.", 7])  # type: ignore[list-item]
    with pytest.raises(WrongUse, match="finite numbers"):
        scoring.sentiment_many([{"text": "Fine.", "id": float("nan")}])


def test_the_service_says_what_it_is_and_whether_it_is_ready(scoring: Client) -> None:
    told = scoring.info()
    assert told.limits["max_items"] == 1000
    assert scoring.ready().ready
    assert scoring.wait_until_ready(timeout=5).checks["model"] == "ok"


def test_a_key_goes_with_every_request_and_its_scope_counts() -> None:
    keys = MemoryKeys()
    secret = keys.make(Scope.READ)
    with serving(keys=keys) as plain:
        url = str(plain.base_url)
        with Client(url, trust_env=False) as stranger, pytest.raises(ServiceError) as caught:
            stranger.sentiment("Fine.")
        assert (caught.value.status, caught.value.code, caught.value.retryable) == (401, "unauthorized", False)
        with Client(url, api_key=secret, trust_env=False) as client:
            assert client.info().limits
            with pytest.raises(ServiceError) as caught:
                client.sentiment("Fine.")
            assert (caught.value.status, caught.value.code) == (403, "forbidden")
