"""Whose records may be alike: known respondents, else attributes that tell many people apart, else nothing."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from textcx.steps.records.people import MANY, PERSON, Known, with_people


def answers(respondents: list[str | None], **attributes: list[str | None]) -> pl.DataFrame:
    """One record for each respondent, with attributes."""
    columns = {"record_id": [f"r{i:04d}" for i in range(len(respondents))], "respondent_id": respondents, **attributes}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def anonymous(towns: list[str | None], plans: list[str | None] | None = None) -> pl.DataFrame:
    return answers([None] * len(towns), town=towns, plan=plans or [None] * len(towns))


def found(frame: pl.DataFrame, *attributes: str) -> tuple[list[str], Known]:
    told, known = with_people(frame, attributes=attributes)
    return told[PERSON].to_list(), known


def test_known_respondents_are_people_and_a_record_without_one_stands_for_itself() -> None:
    people, known = found(answers(["a", "b", "a", None]))
    assert known is Known.RESPONDENTS
    assert people[0] == people[2]
    assert len(set(people)) == 3


def test_known_respondents_decide_whatever_the_attributes_say() -> None:
    frame = answers(["a", "a", "b"] * 100, town=[f"t{i}" for i in range(300)])
    people, known = found(frame, "town")
    assert (known, len(set(people))) == (Known.RESPONDENTS, 2)


def test_ids_that_all_differ_tell_no_one_from_another_where_attributes_do() -> None:
    towns = [f"t{i // 2}" for i in range(300)]
    people, known = found(answers([f"row {i}" for i in range(300)], town=towns), "town")
    assert (known, len(set(people))) == (Known.ATTRIBUTES, 150)


def test_ids_that_all_differ_are_people_where_every_record_has_one_and_nothing_tells_more() -> None:
    people, known = found(answers([f"row {i}" for i in range(300)], town=["x"] * 300), "town")
    assert (known, len(set(people))) == (Known.RESPONDENTS, 300)
    people, known = found(answers([*(f"row {i}" for i in range(299)), None]))
    assert (known, len(set(people))) == (Known.NOTHING, 300)


def test_records_that_agree_in_all_attributes_are_taken_for_one_persons() -> None:
    towns, plans = [f"t{i // 4}" for i in range(400)], [f"p{i // 2 % 2}" for i in range(400)]
    people, known = found(anonymous(towns, plans), "town", "plan")
    assert (known, len(set(people))) == (Known.ATTRIBUTES, 200)
    assert [people[0] == people[1], people[1] == people[2]] == [True, False]


def test_attributes_never_run_into_each_other() -> None:
    towns, plans = ["a", "ab"] + [f"t{i // 2}" for i in range(200)], ["bc", "c"] + ["p"] * 200
    people, _ = found(anonymous(towns, plans), "town", "plan")
    assert people[0] != people[1]


@pytest.mark.parametrize(("towns", "known"), [(MANY - 1, Known.NOTHING), (MANY, Known.ATTRIBUTES)])
def test_attributes_must_tell_many_people_apart(towns: int, known: Known) -> None:
    people, by = found(anonymous([f"t{i % towns}" for i in range(20 * towns)]), "town")
    assert by is known
    assert len(set(people)) == (towns if known is Known.ATTRIBUTES else 20 * towns)


def test_one_large_group_among_many_small_ones_tells_too_few_apart() -> None:
    people, known = found(anonymous(["home"] * 900 + [f"t{i}" for i in range(200)]), "town")
    assert (known, len(set(people))) == (Known.NOTHING, 1100)


def test_attributes_that_all_differ_tell_nothing() -> None:
    people, known = found(anonymous([f"t{i}" for i in range(200)]), "town")
    assert (known, len(set(people))) == (Known.NOTHING, 200)


def test_a_record_without_any_attribute_stands_for_itself() -> None:
    people, known = found(anonymous([f"t{i // 2}" for i in range(200)] + [None] * 30), "town", "plan")
    assert (known, len(set(people))) == (Known.ATTRIBUTES, 130)


def test_a_missing_attribute_is_a_value_beside_a_known_one() -> None:
    towns, plans = [f"t{i // 2}" for i in range(200)], ["gold", None] * 100
    people, known = found(anonymous(towns, plans), "town", "plan")
    assert (known, len(set(people))) == (Known.NOTHING, 200)
    assert len(set(found(anonymous(towns, plans), "town")[0])) == 100


def test_where_nothing_is_known_every_record_stands_for_itself() -> None:
    for frame, attributes in ((answers([None] * 5), ()), (anonymous([None] * 5), ("town", "plan"))):
        people, known = found(frame, *attributes)
        assert (known, len(set(people))) == (Known.NOTHING, 5)


def test_no_records_are_nobodys() -> None:
    for attributes in ((), ("town",)):
        assert found(anonymous([]), *attributes) == ([], Known.NOTHING)


def test_a_respondent_is_never_mistaken_for_a_record() -> None:
    people, _ = found(answers(["r0001", None, "r0001"]))
    assert people[0] == people[2] != people[1]


def test_all_else_stays_as_it_was() -> None:
    frame = answers(["a", "a", None], town=["x", "y", None])
    assert_frame_equal(with_people(frame, attributes=["town"])[0].drop(PERSON), frame)


rows = st.lists(st.tuples(st.sampled_from([None, "a", "b"]), st.sampled_from([None, "x", "y"])), max_size=20)


@given(rows, st.sampled_from(["known", None]), st.integers(0, 99))
def test_the_order_of_the_records_never_matters(
    some: list[tuple[str | None, str | None]], known_by: str | None, seed: int
) -> None:
    several = [(who, f"{town}{i}" if town else None) for who, town in some for i in range(60)]
    frame = answers([who if known_by else None for who, _ in several], town=[town for _, town in several])
    mixed = frame.sample(fraction=1, shuffle=True, seed=seed)
    (one, known), (two, again) = (with_people(each, attributes=["town"]) for each in (frame, mixed))
    assert known is again
    assert_frame_equal(one, two.sort("record_id"))
    assert one[PERSON].null_count() == 0
