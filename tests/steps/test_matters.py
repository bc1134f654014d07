"""Titles are chosen by what they cover, and every remark stands under one that covers it."""

from __future__ import annotations

import numpy as np
from fakes import FakeEncoder, FakeEncoderWithoutCovers
from hypothesis import given
from hypothesis import strategies as st

from textcx.domain.matters import UNTITLED
from textcx.steps.matters import COVERED, choose_titles, encoded_matters, file_under

ENCODER = FakeEncoder()


def chosen(
    cover: list[list[float]],
    *,
    weights: list[float] | None = None,
    same: tuple[int, ...] = (),
    least: float = 0.5,
    most: int = 9,
) -> list[int]:
    """Titles chosen by how they cover remarks, one row a remark; those of ``same`` say the same."""
    matrix = np.array(cover, dtype=np.float32)

    def alike(title: int) -> np.ndarray:
        return np.array([title in same and other in same for other in range(matrix.shape[1])])

    return choose_titles(matrix, np.array(weights or [1.0] * len(matrix)), alike, least=least, most=most)


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
        choose_titles(np.zeros((0, 3), np.float32), np.zeros(0), lambda _: np.zeros(3, bool), least=0.5, most=9) == []
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


def filed(
    remarks: list[str], titles: list[str], *, encoder: FakeEncoder = ENCODER, near_to: list[str] | None = None
) -> tuple[list[str | None], list[float]]:
    """The title of each remark; the remarks lie where the texts ``near_to`` do."""
    homes, likely = file_under(
        remarks,
        encoder.encode(near_to or remarks).matters,
        titles,
        encoder.encode(titles).matters,
        covers=encoder.covers,
        near=encoder.near,
    )
    return [None if home < 0 else titles[home] for home in homes.tolist()], likely.tolist()


def test_a_remark_is_filed_under_the_nearest_title_that_covers_it() -> None:
    titles = ["Late parcel", "Late parcel invoice"]
    found, likely = filed(["the parcel invoice was late", "late parcel"], titles)
    assert found == ["Late parcel invoice", "Late parcel"]
    assert min(likely) >= COVERED


def test_where_the_nearest_title_does_not_cover_a_remark_the_next_one_may() -> None:
    found, _ = filed(["late parcel"], ["Rude waiter", "Late parcel"], near_to=["rude waiter"])
    assert found == ["Late parcel"]


def test_a_remark_that_no_title_covers_is_under_none() -> None:
    assert filed(["cold soup"], ["Late parcel", "Rude waiter"]) == ([None], [0.0])
    assert filed(["cold soup"], []) == ([None], [0.0])
    assert filed([], ["Late parcel"]) == ([], [])


def test_only_the_few_nearest_titles_are_tried() -> None:
    nearer = ["parcel late one", "parcel late two", "parcel late three"]
    assert filed(["cold soup"], [*nearer, "Cold soup"], near_to=["parcel late"])[0] == [None]


def test_where_the_encoder_cannot_read_pairs_nearness_decides() -> None:
    encoder = FakeEncoderWithoutCovers()
    found, likely = filed(["late parcel", "cold soup"], ["Rude waiter", "Late parcel"], encoder=encoder)
    assert found == ["Late parcel", None]
    assert likely[0] > 0.9


@given(st.permutations(["late parcel", "parcel invoice", "cold soup", "rude waiter", "the waiter was late"]))
def test_where_a_remark_is_filed_does_not_depend_on_the_others(remarks: list[str]) -> None:
    titles = ["Late parcel", "Rude waiter", "Late waiter"]
    for remark, found, likely in zip(remarks, *filed(remarks, titles), strict=True):
        assert filed([remark], titles) == ([found], [likely])


def test_known_matters_come_with_a_vector_for_each_different_title_and_name() -> None:
    known = [("Late parcel", "Delivery time"), ("Parcel never came", "Delivery time"), (UNTITLED, "Friendliness")]
    matters = encoded_matters(known, ENCODER)
    assert matters.titles == ("Late parcel", "Parcel never came")
    assert matters.names == ("Delivery time", "Friendliness")
    assert (matters.title_vectors == ENCODER.encode(matters.titles).matters).all()
    assert (matters.name_vectors == ENCODER.encode(matters.names).matters).all()


def test_nothing_need_be_known() -> None:
    matters = encoded_matters([], ENCODER)
    assert (matters.titles, matters.names) == ((), ())
    assert matters.title_vectors.shape == matters.name_vectors.shape == (0, 384)
