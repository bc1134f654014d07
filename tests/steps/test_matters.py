"""Titles are chosen by what they cover, and every remark stands under one that covers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from fakes import FakeEncoder
from hypothesis import given
from hypothesis import strategies as st

from textcx.domain.matters import UNTITLED, Nearness
from textcx.steps.matters import COVERED, choose_titles, encoded_matters, file_under

if TYPE_CHECKING:
    import pytest
    from numpy.typing import NDArray

ENCODER = FakeEncoder()


class Plain(Nearness):
    """Takes a cosine for the probability."""

    def __call__(self, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        return cosines.copy()


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
    return choose_titles(told, np.array(weights or [1.0] * len(told)), titles, near=Plain(), least=least, most=most)


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
    assert (
        choose_titles(
            np.zeros((0, 3), np.float32), np.zeros(0), np.eye(3, dtype=np.float32), near=Plain(), least=0.5, most=9
        )
        == []
    )


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
    homes, likely = file_under(ENCODER.encode(remarks).matters, ENCODER.encode(titles).matters, near=ENCODER.near)
    return [None if home < 0 else titles[home] for home in homes.tolist()], likely.tolist()


def test_a_remark_is_filed_under_the_nearest_title_that_covers_it() -> None:
    titles = ["Late parcel", "Late parcel invoice"]
    found, likely = filed(["the parcel invoice was late", "late parcel"], titles)
    assert found == ["Late parcel invoice", "Late parcel"]
    assert min(likely) >= COVERED


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


@given(st.permutations(["late parcel", "parcel invoice", "cold soup", "rude waiter", "the waiter was late"]))
def test_where_a_remark_is_filed_does_not_depend_on_the_others(remarks: list[str]) -> None:
    titles = ["Late parcel", "Rude waiter", "Late waiter"]
    for remark, found, likely in zip(remarks, *filed(remarks, titles), strict=True):
        assert filed([remark], titles) == ([found], [likely])


def test_known_matters_come_with_a_vector_for_each_different_title_and_name() -> None:
    known = [("Late parcel", "Delivery time"), ("Parcel never came", "Delivery time"), (UNTITLED, "Friendliness")]
    matters = encoded_matters(tuple(known), ENCODER)
    assert matters.titles == ("Late parcel", "Parcel never came")
    assert matters.names == ("Delivery time", "Friendliness")
    assert (matters.title_vectors == ENCODER.encode(matters.titles).matters).all()
    assert (matters.name_vectors == ENCODER.encode(matters.names).matters).all()


def test_nothing_need_be_known() -> None:
    matters = encoded_matters((), ENCODER)
    assert (matters.titles, matters.names) == ((), ())
    assert matters.title_vectors.shape == matters.name_vectors.shape == (0, 384)
