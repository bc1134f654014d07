"""Titles are chosen by what they cover, and every remark stands under one that covers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fakes import FakeEncoder
from hypothesis import given
from hypothesis import strategies as st
from languages import ENGLISH

from textcx.domain.encoding import TokenVectors
from textcx.domain.matters import UNTITLED, Coverage, Nearness
from textcx.steps.matters import COVERED, NEVER, Scorer, encoded_matters, file_under_titles, stems_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest
    from numpy.typing import NDArray

ENCODER = FakeEncoder()


class Plain(Nearness):
    """Takes a cosine for the probability."""

    def __call__(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return cosines.copy()


class PlainEncoder(FakeEncoder):
    """Takes the cosine of vectors for the probability that a title covers a remark."""

    near = Plain()


class WordEncoder(FakeEncoder):
    """Hears the words of texts: each is a vector of its own."""

    near, covers = Nearness(0.0, 0.0), Coverage(0.0, 1.0, 0.0)

    def words(self, texts: Sequence[str]) -> TokenVectors:  # type: ignore[override] # this one tells
        said = [text.split() for text in texts]
        vectors = self.encode([word for own in said for word in own]).matters
        return TokenVectors(bounds=np.cumsum([0, *map(len, said)]), vectors=vectors)


def scorer(vectors: NDArray[np.float32], titles: NDArray[np.float32]) -> Scorer:
    return Scorer([""] * len(vectors), vectors, titles=titles, tokens=None, encoder=PlainEncoder())


def chosen(
    cover: list[list[float]],
    *,
    weights: list[float] | None = None,
    same: tuple[int, ...] = (),
    least: float = 0.5,
    most: int = 9,
) -> list[int]:
    """Titles chosen by how near remarks are to them, one row a remark; those of ``same`` say the same.

    The vector of a remark holds its nearness to each title; titles that say the same share a last number.
    """
    told = np.array(cover, dtype=np.float32)
    width = told.shape[1]
    alike = np.array([[title in same] for title in range(width)], dtype=np.float32).reshape(width, 1)
    titles = np.concatenate([np.eye(width, dtype=np.float32), alike], axis=1)
    told = np.concatenate([told, np.zeros((len(told), 1), np.float32)], axis=1)
    found, _, _ = file_under_titles(
        scorer(told, titles), np.array(weights or [1.0] * len(told)), [frozenset()] * len(told),
        particular=[{}] * width, least=least, most=most,
    )  # fmt: skip
    return found


def test_the_title_comes_first_that_covers_most_and_then_what_covers_most_of_the_rest() -> None:
    assert chosen([[0.9, 0.9, 0], [0.9, 0.9, 0], [0, 0.9, 0], [0, 0, 0.9]]) == [1, 2]


def test_a_remark_counts_by_its_weight() -> None:
    assert chosen([[0.9, 0], [0.9, 0], [0, 0.9]], weights=[0.3, 0.3, 1]) == [1, 0]


def test_a_title_that_adds_too_little_is_not_chosen() -> None:
    assert chosen([[0.9, 0], [0.9, 0], [0, 0.9]], least=1.0) == [0]
    assert chosen([[0.0, 0.0]], least=0.001) == []


def test_no_more_titles_than_asked_for_are_chosen() -> None:
    assert chosen(np.eye(5).tolist(), most=3) == [0, 1, 2]
    assert chosen(np.eye(5).tolist(), most=0) == []


def test_of_titles_that_say_the_same_one_is_chosen() -> None:
    cover = [[0.9, 0.0], [0.9, 0.0], [0.0, 0.9]]
    assert chosen(cover) == [0, 1]
    assert chosen(cover, same=(0, 1)) == [0]


def test_without_titles_or_remarks_none_is_chosen() -> None:
    assert chosen([[]]) == []
    assert filed([], ["Late parcel"]) == ([], [])


def test_a_title_with_a_particular_word_that_nobody_says_must_be_nearer() -> None:
    remarks = ["the waiter was rude", *["rude to us"] * 12]

    def covers(near: float, word: str, said: list[str], *, unsaid: float = 0.8) -> bool:
        found, homes, likely = file_under_titles(
            scorer(np.full((len(said), 1), near, np.float32), np.ones((1, 1), np.float32)), np.ones(len(said)),
            [stems_of(text, ENGLISH.naming) for text in said],
            particular=[{word: unsaid} if word else {}], least=0.5, most=9,
        )  # fmt: skip
        assert all(home == 0 for home in homes) == bool(found)
        assert not found or likely.min() >= COVERED
        return bool(found)

    for word, said, nearest in (("", remarks, 0.53), ("waiter", remarks, 0.53), ("chef", remarks, 0.67)):
        assert covers(nearest, word, said), word
    assert not covers(0.63, "chef", remarks)
    assert not covers(0.63, "waiter", [*remarks[1:] * 2, remarks[0]])  # one in 25 says it
    assert not covers(0.99, "chef", remarks, unsaid=0.0)  # a rare word


def test_words_that_few_matters_hold_are_particular() -> None:
    known = [
        *((f"Rude staff {number}", "Manner of staff") for number in range(500)),
        ("Rude waiters", "Manner of waiters"),
    ]
    matters = encoded_matters(tuple(known), ENCODER, ENGLISH.naming)
    assert matters.title_words[matters.titles.index("Rude waiters")] == {"waiter": NEVER}
    assert matters.title_words[0] == {}
    assert matters.name_words[1] == {"waiter": NEVER}


@given(
    st.lists(st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4), min_size=1, max_size=12),
    st.randoms(use_true_random=False),
)
def test_titles_do_not_depend_on_the_order_of_the_remarks(cover: list[list[float]], random: object) -> None:
    # Multiples of an eighth add up to the same in any order, so there is no rounding to fall either way.
    told = [[round(8 * value) / 8 for value in row] for row in cover]
    mixed = list(told)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert chosen(mixed) == chosen(told)


def filed(remarks: list[str], titles: list[str]) -> tuple[list[str | None], list[float]]:
    """The title of each remark, and how likely it covers it."""
    found, homes, likely = file_under_titles(
        Scorer(remarks, ENCODER.encode(remarks).matters, titles=ENCODER.encode(titles).matters, tokens=None,
               encoder=ENCODER),
        np.ones(len(remarks)), [frozenset()] * len(remarks), particular=[{}] * len(titles), least=0.1, most=9,
    )  # fmt: skip
    return [None if home < 0 else titles[found[home]] for home in homes.tolist()], likely.tolist()


def test_a_remark_is_filed_under_the_nearest_title_that_covers_it() -> None:
    found, likely = filed(["a rude waiter", "late parcel", "cold soup"], ["Late parcel", "Rude waiter"])
    assert found == ["Rude waiter", "Late parcel", None]
    assert min(likely[:2]) >= COVERED


def test_a_remark_that_no_title_covers_is_under_none() -> None:
    found, likely = filed(["cold soup"], ["Late parcel", "Rude waiter"])
    assert found == [None]
    assert likely[0] < COVERED
    assert filed(["cold soup"], []) == ([None], [0.0])
    assert filed([], ["Late parcel"]) == ([], [])


def test_many_remarks_are_drawn_evenly_and_count_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textcx.steps.matters.READ_TOGETHER", 6)
    cover = [[0.9, 0.0]] * 20 + [[0.0, 0.9]] * 10
    assert chosen(cover, least=8.0) == [0, 1]
    assert chosen(cover, least=10.0) == [0]


def told_by_words(remarks: list[str], titles: list[str]) -> list[list[float]]:
    encoder = WordEncoder()
    vectors, own = encoder.encode(remarks).matters, encoder.encode(titles).matters
    found = Scorer(remarks, vectors, titles=own, tokens=encoder.words(titles), encoder=encoder)
    likely = found(np.arange(len(remarks)))
    return np.round(np.log(likely / (1 - likely), where=likely > 0, out=np.full_like(likely, -np.inf)), 3).tolist()


def test_every_word_of_a_title_looks_for_its_like_in_the_remark() -> None:
    titles = ["late parcel", "late", "parcel late parcel never"]
    assert told_by_words(["a parcel was late", "late late"], titles)[0] == [1.0, 1.0, 0.75]
    half = told_by_words(["late late"], titles)[0]
    assert half[1] == 1.0 > half[0] > half[2]


def test_remarks_are_read_word_by_word_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    remarks, titles = [f"parcel {number} late" for number in range(7)], ["late parcel", "rude waiter"]
    told = told_by_words(remarks, titles)
    monkeypatch.setattr("textcx.steps.matters.READ_AT_ONCE", 3)
    assert told_by_words(remarks, titles) == told


def test_only_the_nearest_titles_are_read_word_by_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textcx.steps.matters.TRIED", 1)
    monkeypatch.setattr(WordEncoder, "near", Nearness())
    assert np.isneginf(told_by_words(["late parcel"], ["late parcel", "late"])[0]).tolist() == [False, True]


REMARKS = ["late parcel", "parcel invoice", "cold soup", "rude waiter", "the waiter was late"]


@given(st.permutations(REMARKS))
def test_where_a_remark_is_filed_does_not_depend_on_the_order_of_the_others(remarks: list[str]) -> None:
    titles = ["Late parcel", "Rude waiter", "Late waiter"]
    usual = dict(zip(REMARKS, filed(REMARKS, titles)[0], strict=True))
    assert dict(zip(remarks, filed(remarks, titles)[0], strict=True)) == usual


def test_known_matters_come_with_a_vector_for_each_different_title_and_name() -> None:
    known = [("Late parcel", "Delivery time"), ("Parcel never came", "Delivery time"), (UNTITLED, "Friendliness")]
    matters = encoded_matters(tuple(known), ENCODER, ENGLISH.naming)
    assert matters.titles == ("Late parcel", "Parcel never came")
    assert matters.names == ("Delivery time", "Friendliness")
    assert (matters.title_vectors == ENCODER.encode(matters.titles).matters).all()
    assert (matters.name_vectors == ENCODER.encode(matters.names).matters).all()


def test_nothing_need_be_known() -> None:
    matters = encoded_matters((), ENCODER, ENGLISH.naming)
    assert (matters.titles, matters.names) == ((), ())
    assert matters.title_vectors.shape == matters.name_vectors.shape == (0, 384)
