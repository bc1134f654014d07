from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from textcx.steps.records.ids import LONGEST_ID, admit

Rows = list[tuple[str | None, str]]


class Shelf:
    """A data set that keeps what was admitted."""

    def __init__(self) -> None:
        self.identities: set[str] = set()
        self.ids: set[str] = set()

    def send(self, rows: Rows, *, batch: int = 100) -> tuple[list[str], int, int]:
        """Send an upload in batches: ids admitted, rows unchanged, conflicts."""
        earlier: dict[str, int] = {}
        admitted: list[str] = []
        unchanged = conflicts = 0
        for start in range(0, len(rows), batch):
            some = rows[start : start + batch]
            frame = pl.DataFrame(
                {
                    "row": range(len(some)),
                    "given_id": [one for one, _ in some],
                    "content_hash": [two for _, two in some],
                },
                schema={"row": pl.Int64, "given_id": pl.String, "content_hash": pl.String},
            )
            result = admit(frame, earlier=earlier, known=self.identities.intersection, taken=self.ids.intersection)
            assert not self.ids & set(result.record_ids.values())
            assert len(set(result.record_ids.values())) == len(result.record_ids)
            assert len(result.record_ids) + result.unchanged == len(some)
            self.identities |= set(result.identities.values())
            self.ids |= set(result.record_ids.values())
            for content, times in result.repeats.items():
                earlier[content] = earlier.get(content, 0) + times
            admitted += result.record_ids.values()
            unchanged += result.unchanged
            conflicts += result.conflicts
        return admitted, unchanged, conflicts


def test_the_same_id_with_the_same_content_is_kept_once() -> None:
    assert Shelf().send([("a", "11111111"), ("a", "11111111")]) == (["a"], 1, 0)


def test_the_same_id_with_other_content_gets_a_suffix_and_the_first_keeps_the_id() -> None:
    assert Shelf().send([("a", "99999999"), ("a", "11111111")]) == (["a", "a~111111"], 0, 1)


def test_equal_records_without_an_id_are_different_records_of_one_upload() -> None:
    admitted, unchanged, conflicts = Shelf().send([(None, "f" * 64)] * 3, batch=2)
    assert admitted == [f"r{'f' * 16}", f"r{'f' * 16}#2", f"r{'f' * 16}#3"]
    assert (unchanged, conflicts) == (0, 0)


def test_an_upload_with_one_more_record_brings_one_more_record() -> None:
    shelf = Shelf()
    shelf.send([(None, "aa"), ("x", "bb")])
    assert shelf.send([("y", "cc"), (None, "aa"), ("x", "bb")])[:2] == (["y"], 2)


def test_an_id_that_looks_like_a_suffixed_one_stays_unique() -> None:
    admitted, _, _ = Shelf().send([("a", "1" * 64), ("a~222222", "3" * 64), ("a", "2" * 64)])
    assert admitted == ["a", "a~222222", f"a~{'2' * 16}"]


def test_white_space_around_an_id_does_not_count() -> None:
    assert Shelf().send([(" a ", "11"), ("a", "11"), ("  ", "22")]) == (["a", "r22"], 1, 0)


def test_a_very_long_id_is_shortened_and_stays_distinct() -> None:
    admitted, _, _ = Shelf().send([("x" * 5000, "11"), ("x" * 5001, "11")])
    assert len(set(admitted)) == 2
    assert max(map(len, admitted)) <= LONGEST_ID


rows = st.lists(
    st.tuples(st.sampled_from([None, "", "a", "b", "a~1", "r1", "r1#2"]), st.sampled_from(["1", "12", "123456", "7"])),
    max_size=30,
)


@given(rows, st.integers(1, 7), st.integers(1, 7))
def test_sending_again_admits_nothing_however_it_is_cut(sent: Rows, first: int, second: int) -> None:
    shelf = Shelf()
    shelf.send(sent, batch=first)
    admitted, unchanged, _ = shelf.send(sent, batch=second)
    assert admitted == []
    assert unchanged == len(sent)
