from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from textcx.steps.records.ids import assign_ids


def rows(*pairs: tuple[str | None, str]) -> pl.DataFrame:
    return pl.DataFrame(
        {"row": list(range(len(pairs))), "given_id": [p[0] for p in pairs], "content_hash": [p[1] for p in pairs]},
        schema={"row": pl.Int64, "given_id": pl.String, "content_hash": pl.String},
    )


def test_a_given_id_is_kept() -> None:
    named, conflicts = assign_ids(rows(("A-1", "aa"), ("A-2", "bb")))
    assert named["record_id"].to_list() == ["A-1", "A-2"]
    assert conflicts == 0


def test_a_record_without_id_is_named_by_its_content() -> None:
    named, _ = assign_ids(rows((None, "0123456789abcdef0123"), ("  ", "fedcba9876543210fedc")))
    assert named["record_id"].to_list() == ["r0123456789abcdef", "rfedcba9876543210"]


def test_the_same_content_again_gets_its_occurrence_number() -> None:
    named, conflicts = assign_ids(rows(("A", "aa"), ("A", "aa"), (None, "cc"), (None, "cc")))
    assert named["record_id"].to_list() == ["A", "A#2", "rcc", "rcc#2"]
    assert conflicts == 0


def test_a_repeated_id_with_other_content_is_kept_and_counted() -> None:
    named, conflicts = assign_ids(rows(("A", "bbbbbbbb"), ("A", "aaaaaaaa")))
    assert named["record_id"].to_list() == ["A~bbbbbb", "A"]
    assert conflicts == 1


def test_a_given_id_that_looks_like_a_suffix_does_not_clash() -> None:
    named, _ = assign_ids(rows(("A", "aa"), ("A", "aa"), ("A#2", "bb")))
    assert named["record_id"].is_unique().all()


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B", "A#2", "A~aa", None]), st.sampled_from(["aa", "bb", "cc"])), max_size=12
    ),
    st.randoms(use_true_random=False),
)
def test_ids_are_unique_and_do_not_depend_on_the_order_of_the_input(pairs: list, random: object) -> None:
    shuffled = list(pairs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = assign_ids(rows(*pairs))[0], assign_ids(rows(*shuffled))[0]
    assert one["record_id"].is_unique().all()
    key = ["record_id", "content_hash"]
    assert sorted(one.select(key).iter_rows()) == sorted(other.select(key).iter_rows())
