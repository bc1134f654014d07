from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from theme_world import Leaf, learn, vector_of

from textcx.steps.themes.assignment.assign import assign_themes
from textcx.steps.themes.editing.forget import only_records, without_records
from textcx.steps.themes.geometry.lattice import STEPS, on_lattice, relative_to

if TYPE_CHECKING:
    from textcx.domain.themes.sets import ThemeSet

DELIVERY = {2: 1.0}


@pytest.fixture(scope="module")
def theme_set() -> ThemeSet:
    return learn([Leaf("delivery", DELIVERY), Leaf("price", {3: 1.0})])


def record_of(theme_set: ThemeSet, segment_id: str) -> str:
    found: str = dict(theme_set.members.select("segment_id", "record_id").iter_rows())[segment_id]
    return found


def test_segments_of_a_record_and_their_vectors_go_and_the_others_stay(theme_set: ThemeSet) -> None:
    gone = record_of(theme_set, theme_set.sample_ids[0])
    left = without_records(theme_set, {gone}, vectors=np.zeros((0, 8), dtype=np.float16))
    assert gone not in left.members["record_id"].to_list()
    assert left.members.height < theme_set.members.height
    theirs = set(theme_set.members.filter(record_id=gone)["segment_id"])
    stays = [place for place, segment in enumerate(theme_set.sample_ids) if segment not in theirs]
    assert left.sample_ids == tuple(theme_set.sample_ids[place] for place in stays)
    assert np.array_equal(left.sample, theme_set.sample[stays])


def test_vectors_without_an_id_go_where_they_are_those_of_the_segments(theme_set: ThemeSet) -> None:
    mine, others = vector_of("mine", DELIVERY), np.stack([vector_of(f"other-{n}", DELIVERY) for n in range(3)])
    origin = np.rint(theme_set.origin * STEPS).astype(np.float32)
    rows = (relative_to(origin, on_lattice(np.vstack([others, mine[None]]))) / STEPS).astype(np.float32)
    full = replace(theme_set, exceptions=rows, exception_themes=(None,) * 4)
    left = without_records(full, {"r"}, vectors=(mine * 3.0)[None].astype(np.float16))
    assert np.array_equal(left.exceptions, rows[:3])
    assert left.exception_themes == (None,) * 3


def test_new_segments_are_assigned_as_before(theme_set: ThemeSet) -> None:
    vectors = np.stack([vector_of(f"new-{n}", DELIVERY) for n in range(5)])
    left = without_records(theme_set, set(theme_set.members["record_id"]), vectors=vectors)
    assert (left.members.height, len(left.sample)) == (0, 0)
    assert assign_themes(left, vectors).theme_ids == assign_themes(theme_set, vectors).theme_ids


def test_a_set_may_know_only_the_segments_of_some_records(theme_set: ThemeSet) -> None:
    kept = record_of(theme_set, theme_set.sample_ids[0])
    assert set(only_records(theme_set, {kept}).members["record_id"]) == {kept}
    assert only_records(theme_set, set(theme_set.members["record_id"])) is theme_set
