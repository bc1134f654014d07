from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from serving import Gate, MemoryKeys, serving

from textcx.domain.service.keys import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module", autouse=True)
def _no_settings_of_aws() -> None:
    """Keep boto3 from looking for settings of the person who runs the tests."""
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def client_of(url: str, key: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # boto3 warns of its own future
        return boto3.client(
            "comprehend", region_name="eu-west-1", endpoint_url=f"{url}/compat/comprehend".replace("//compat", "/compat"),
            aws_access_key_id=key, aws_secret_access_key="unused",  # noqa: S106 - not checked
            config=Config(retries={"max_attempts": 0}, proxies={}, parameter_validation=False),
        )  # fmt: skip


@pytest.fixture(scope="module")
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture(scope="module")
def base(keys: MemoryKeys) -> Iterator[str]:
    keys.make(Scope.READ)
    with serving(keys=keys) as client:
        yield str(client.base_url)


@pytest.fixture(scope="module")
def comprehend(base: str, keys: MemoryKeys) -> Any:
    return client_of(base, keys.make(Scope.ANALYZE))


def test_a_batch_is_scored_with_errors_beside(comprehend: Any) -> None:
    texts = [
        "Lovely friendly staff.",
        "Bad and broken.",
        "",
        "x" * 5001,
        "Lovely friendly staff. The box was broken and late.",
    ]
    answer = comprehend.batch_detect_sentiment(TextList=texts, LanguageCode="en")
    assert [(each["Index"], each["Sentiment"]) for each in answer["ResultList"]] == [
        (0, "POSITIVE"), (1, "NEGATIVE"), (4, "MIXED"),
    ]  # fmt: skip
    assert [(each["Index"], each["ErrorCode"]) for each in answer["ErrorList"]] == [
        (2, "INVALID_REQUEST"), (3, "TEXT_SIZE_LIMIT_EXCEEDED"),
    ]  # fmt: skip
    for each in answer["ResultList"]:
        scores = each["SentimentScore"]
        assert set(scores) == {"Mixed", "Negative", "Neutral", "Positive"}
        assert sum(scores.values()) == pytest.approx(1.0, abs=1e-5)
        assert max(scores, key=scores.get).upper() == each["Sentiment"]


def test_a_single_text_is_scored(comprehend: Any) -> None:
    answer = comprehend.detect_sentiment(Text="Lovely friendly staff.", LanguageCode="en")
    assert answer["Sentiment"] == "POSITIVE"
    assert answer["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ({"TextList": ["a"] * 26, "LanguageCode": "en"}, "BatchSizeLimitExceededException"),
        ({"TextList": [], "LanguageCode": "en"}, "InvalidRequestException"),
        ({"TextList": ["a"], "LanguageCode": "de"}, "UnsupportedLanguageException"),
        ({"TextList": ["a"], "LanguageCode": "xx"}, "InvalidRequestException"),
        ({"TextList": ["a"], "LanguageCode": "secretword"}, "InvalidRequestException"),
        ({"LanguageCode": "en"}, "InvalidRequestException"),
    ],
)
def test_wrong_batches_get_the_vendors_own_errors(comprehend: Any, call: dict[str, Any], error: str) -> None:
    with pytest.raises(ClientError) as raised:
        comprehend.batch_detect_sentiment(**call)
    assert raised.value.response["Error"]["Code"] == error
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "secretword" not in str(raised.value)


def test_a_text_that_is_too_long_gets_the_vendors_own_error(comprehend: Any) -> None:
    with pytest.raises(comprehend.exceptions.TextSizeLimitExceededException):
        comprehend.detect_sentiment(Text="\u00e9" * 2501, LanguageCode="en")


def test_another_operation_is_not_served(comprehend: Any) -> None:
    with pytest.raises(ClientError) as raised:
        comprehend.detect_key_phrases(Text="a", LanguageCode="en")
    assert raised.value.response["Error"]["Code"] == "UnknownOperationException"


def test_keys_that_are_wrong_or_too_weak_are_refused_in_the_vendors_shape(base: str, keys: MemoryKeys) -> None:
    for key, error in (("tcx_wrong", "UnrecognizedClientException"), (keys.make(Scope.READ), "AccessDeniedException")):
        with pytest.raises(ClientError) as raised:
            client_of(base, key).detect_sentiment(Text="a", LanguageCode="en")
        assert raised.value.response["Error"]["Code"] == error


def test_overload_is_the_error_that_the_vendors_client_retries(keys: MemoryKeys) -> None:
    busy = MemoryKeys()
    secret = busy.make(Scope.ANALYZE)
    with serving(keys=busy, rate_limit=1, gate=Gate()) as client:
        caller = client_of(str(client.base_url), secret)
        caller.detect_sentiment(Text="a", LanguageCode="en")
        with pytest.raises(caller.exceptions.TooManyRequestsException):
            caller.detect_sentiment(Text="a", LanguageCode="en")
