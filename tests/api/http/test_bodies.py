from __future__ import annotations

import gzip
import json
import socket
import zlib
from typing import TYPE_CHECKING

import pytest
from serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

JSON = {"content-type": "application/json"}
ZIPPED = {**JSON, "content-encoding": "gzip"}


@pytest.fixture(scope="module")
def small() -> Iterator[httpx.Client]:
    with serving(max_body_bytes=2000, max_decompressed_bytes=5000) as client:
        yield client


def body(size: int) -> bytes:
    plain = json.dumps({"text": "good "})
    return plain.replace("good ", "good " * ((size - len(plain)) // 5 + 1)).encode()


def test_an_announced_body_over_the_limit_is_refused_unread(small: httpx.Client) -> None:
    port = small.base_url.port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=10) as line:
        line.sendall(
            b"POST /v1/sentiment HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 999999999999\r\n\r\n"
        )
        assert b" 413 " in line.recv(200)


def test_a_body_in_chunks_is_counted_as_it_comes(small: httpx.Client) -> None:
    answer = small.post("/v1/sentiment", content=iter([body(1500), b" " * 1000]), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_body_in_chunks_below_the_limit_is_read(small: httpx.Client) -> None:
    answer = small.post("/v1/sentiment", content=iter([b'{"text"', b': "good"', b"}"]), headers=JSON)
    assert answer.json()["items"][0]["label"] == "positive"


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_compressed_body_is_read(small: httpx.Client, pieces: int) -> None:
    packed = gzip.compress(body(4000))
    size = -(-len(packed) // pieces)
    answer = small.post(
        "/v1/sentiment", content=iter([packed[at : at + size] for at in range(0, len(packed), size)]), headers=ZIPPED
    )
    assert answer.json()["items"][0]["label"] == "positive"


def test_a_body_compressed_in_several_members_is_read(small: httpx.Client) -> None:
    answer = small.post(
        "/v1/sentiment", content=gzip.compress(b'{"text":') + gzip.compress(b' "good"}'), headers=ZIPPED
    )
    assert answer.json()["items"][0]["label"] == "positive"


def test_a_bomb_is_refused_before_it_unfolds(small: httpx.Client) -> None:
    bomb = gzip.compress(b" " * 1_500_000)
    assert len(bomb) < 2000
    answer = small.post("/v1/sentiment", content=bomb, headers=ZIPPED)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "broken", [b"not gzip", gzip.compress(b'{"text": "good"}', mtime=0)[:-12], zlib.compress(b"{}")]
)
def test_a_broken_compressed_body_is_said_to_be_broken(small: httpx.Client, broken: bytes) -> None:
    answer = small.post("/v1/sentiment", content=broken, headers=ZIPPED)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")


def test_an_unknown_compression_is_refused(small: httpx.Client) -> None:
    answer = small.post("/v1/sentiment", content=b"{}", headers={**JSON, "content-encoding": "br"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
