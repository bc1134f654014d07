from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from languages import STATEMENTS

from textcx.domain.errors import ShapeMismatch
from textcx.steps.evidence import choose_evidence, readability

if TYPE_CHECKING:
    from random import Random

choose_evidence = partial(choose_evidence, continuing=STATEMENTS.continuing)
readability = partial(readability, continuing=STATEMENTS.continuing)


def candidates(texts: list[str], **columns: list) -> pl.DataFrame:
    frame = {
        "record_id": [f"r{i:02d}" for i in range(len(texts))],
        "start": [3] * len(texts),
        "end": [3 + len(text) for text in texts],
        "text": texts,
    }
    return pl.DataFrame(frame | columns)


def unit(rows: list[list[float]]) -> np.ndarray:
    matrix = np.array(rows, dtype=np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def test_quotes_are_segments_as_they_stand() -> None:
    texts = ["The parcel came three weeks late again.", "Our courier never rang the bell at all."]

    (first, _) = choose_evidence(candidates(texts), unit([[1, 0.1], [0.9, 0.4]]), limit=5)

    assert first == {
        "record_id": first["record_id"],
        "start": 3,
        "end": 3 + len(first["quote"]),
        "quote": first["quote"],
    }
    assert first["quote"] in texts


def test_no_two_quotes_come_from_one_record_or_respondent_or_say_the_same() -> None:
    texts = [f"The parcel came {n} weeks late, which is too long." for n in ("two", "three", "four", "five", "five")]
    frame = candidates(texts, respondent_id=["a", "a", None, None, None]).with_columns(
        record_id=pl.Series(["r1", "r2", "r3", "r4", "r5"])
    )

    quotes = choose_evidence(frame, unit([[1, n / 10] for n in range(5)]), limit=5)

    assert len(quotes) == 3
    assert len({quote["quote"] for quote in quotes}) == 3
    assert not {"r1", "r2"} <= {quote["record_id"] for quote in quotes}


def test_quotes_differ_from_each_other() -> None:
    texts = [f"Nothing new about the courier, number {word}." for word in ("one", "two", "three", "four", "five")]
    vectors = unit([[1, 0], [1, 0.01], [1, 0.02], [1, 0.03], [0.8, 0.6]])

    quotes = choose_evidence(candidates(texts), vectors, limit=2)

    assert "r04" in {quote["record_id"] for quote in quotes}


def test_a_readable_quote_is_preferred_to_a_scrap_and_to_a_sermon() -> None:
    texts = ["late", "The delivery was late and nobody told us why.", "The delivery was late. " * 40]

    (best,) = choose_evidence(candidates(texts), unit([[1, 0]] * 3), limit=1)

    assert best["record_id"] == "r01"


def test_a_heavier_candidate_is_preferred() -> None:
    texts = ["The delivery was late and nobody told us.", "The delivery was slow and nobody cared at all."]

    (best,) = choose_evidence(candidates(texts, weight=[0.2, 0.9]), unit([[1, 0], [1, 0.01]]), limit=1)

    assert best["record_id"] == "r01"


def test_nothing_gives_no_quotes() -> None:
    assert choose_evidence(candidates([]), np.empty((0, 2), dtype=np.float32), limit=5) == []


def test_vectors_that_do_not_match_are_refused() -> None:
    with pytest.raises(ShapeMismatch, match="1 segments came with 2 vectors"):
        choose_evidence(candidates(["one"]), unit([[1, 0], [0, 1]]), limit=1)


@given(st.randoms(use_true_random=False), st.integers(1, 12), st.integers(0, 4))
def test_order_of_the_candidates_never_matters(shuffler: Random, count: int, limit: int) -> None:
    frame = candidates([f"The parcel number {n % 5} came late and wet." for n in range(count)])
    vectors = unit([[1, (n * 7 % 5) / 5] for n in range(count)])
    order = list(range(count))
    shuffler.shuffle(order)

    assert choose_evidence(frame[order], vectors[order], limit=limit) == choose_evidence(frame, vectors, limit=limit)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("The delivery was late by three days.", "THE DELIVERY WAS LATE BY THREE DAYS."),
        ("The delivery was late by three days.", "but the delivery was late by three days."),
        ("The delivery was late by three days.", "████ ██████ was late by three days."),
        ("The delivery was late by three days.", "late!!!"),
        ("The delivery was late by three days.", "19:35 -> 20:47 (03/04) = 72 min + 5 % !!!"),
    ],
)
def test_readability_prefers_a_plain_sentence(better: str, worse: str) -> None:
    assert readability(better) > readability(worse)
