from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from azure.ai.textanalytics import TextAnalyticsClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from serving import MemoryKeys, serving

from textcx.domain.service.keys import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

TEXT = "Lovely \U0001f600 staff. The parcel was not clean."
PATH = "/compat/azure/language/:analyze-text?api-version=2023-04-01"


@pytest.fixture(scope="module")
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture(scope="module")
def base(keys: MemoryKeys) -> Iterator[str]:
    keys.make(Scope.READ)
    with serving(keys=keys) as client:
        yield str(client.base_url)


def client_of(base: str, key: str) -> TextAnalyticsClient:
    return TextAnalyticsClient(f"{base.rstrip('/')}/compat/azure", AzureKeyCredential(key), retry_total=0)


@pytest.fixture(scope="module")
def azure(base: str, keys: MemoryKeys) -> TextAnalyticsClient:
    return client_of(base, keys.make(Scope.ANALYZE))


def test_documents_are_scored_with_sentences(azure: TextAnalyticsClient) -> None:
    good, empty, mixed = azure.analyze_sentiment(
        ["Lovely friendly staff.", " ", "Lovely staff. Broken box, late and rude."]
    )
    assert (good.sentiment, good.sentences[0].sentiment, good.warnings) == ("positive", "positive", [])
    scores = good.confidence_scores
    assert scores.positive + scores.neutral + scores.negative == pytest.approx(1.0, abs=0.02)
    assert (empty.is_error, empty.error.code) == (True, "InvalidDocument")
    assert mixed.sentiment == "mixed"
    assert [sentence.sentiment for sentence in mixed.sentences] == ["positive", "negative"]


def test_offsets_are_code_points_where_the_client_asks_for_them(azure: TextAnalyticsClient) -> None:
    [document] = azure.analyze_sentiment([TEXT], string_index_type="UnicodeCodePoint")
    for sentence in document.sentences:
        assert TEXT[sentence.offset : sentence.offset + sentence.length] == sentence.text


def test_offsets_are_utf16_units_where_the_client_asks_for_them(azure: TextAnalyticsClient) -> None:
    [document] = azure.analyze_sentiment([TEXT], string_index_type="Utf16CodeUnit")
    raw = TEXT.encode("utf-16-le")
    for sentence in document.sentences:
        cut = raw[2 * sentence.offset : 2 * (sentence.offset + sentence.length)]
        assert cut.decode("utf-16-le") == sentence.text


def test_documents_in_another_language_fail_alone(azure: TextAnalyticsClient) -> None:
    documents = [
        {"id": "1", "language": "de", "text": "Sehr gut"}, {"id": "2", "language": "en", "text": "good"},
        {"id": "3", "text": "das ist nicht gut und die Leute sind auch nicht gut", "language": ""}, {"id": "4", "text": "x" * 5121},
    ]  # fmt: skip
    answers = azure.analyze_sentiment(documents)
    assert [answer.id for answer in answers] == ["1", "2", "3", "4"]
    assert [answer.is_error for answer in answers] == [True, False, True, True]
    assert [answer.error.code for answer in answers if answer.is_error] == [
        "UnsupportedLanguageCode", "UnsupportedLanguageCode", "InvalidDocument",
    ]  # fmt: skip


def test_too_many_documents_fail_together(azure: TextAnalyticsClient) -> None:
    with pytest.raises(HttpResponseError) as raised:
        azure.analyze_sentiment(["good"] * 11)
    assert raised.value.status_code == 400
    assert "InvalidDocumentBatch" in str(raised.value)


def test_another_model_version_is_refused(azure: TextAnalyticsClient) -> None:
    with pytest.raises(HttpResponseError) as raised:
        azure.analyze_sentiment(["good"], model_version="2022-06-01")
    assert raised.value.status_code == 400
    assert "ModelVersionIncorrect" in str(raised.value)


def test_statistics_come_where_they_are_asked_for(azure: TextAnalyticsClient) -> None:
    [document] = azure.analyze_sentiment(["good"], show_stats=True)
    assert document.statistics.character_count == 4


def test_a_wrong_key_is_refused_in_the_vendors_shape(base: str) -> None:
    with pytest.raises(ClientAuthenticationError):
        client_of(base, "tcx_wrong").analyze_sentiment(["good"])


def test_opinions_are_targets_with_assessments(azure: TextAnalyticsClient) -> None:
    [document] = azure.analyze_sentiment(["The staff were not friendly."], show_opinion_mining=True)
    [opinion] = document.sentences[0].mined_opinions
    assert (opinion.target.text, opinion.target.offset) == ("staff", 4)
    assert [(each.text, each.is_negated) for each in opinion.assessments] == [("friendly", True)]


def test_another_kind_of_task_is_not_served(service: httpx.Client) -> None:
    body: dict[str, Any] = {"kind": "KeyPhraseExtraction", "analysisInput": {"documents": [{"id": "1", "text": "a"}]}}
    answer = service.post(PATH, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    "documents", [[], [{"id": "1"}], [{"id": "1", "text": "a"}, {"id": "1", "text": "b"}], "secretword"]
)
def test_wrong_documents_are_refused_without_an_echo(service: httpx.Client, documents: Any) -> None:
    answer = service.post(PATH, json={"kind": "SentimentAnalysis", "analysisInput": {"documents": documents}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequest")
    assert "secretword" not in answer.text
