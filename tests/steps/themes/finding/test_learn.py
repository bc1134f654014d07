from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from fakes import FakeEncoder, fake_naming, topic_fit
from hypothesis import given
from hypothesis import strategies as st

from textcx.domain.themes.seed_topics import SeedTopic, ThemeTaxonomy
from textcx.domain.themes.sets import ThemeKind, shown_at
from textcx.steps.themes.assignment.assign import assign_themes
from textcx.steps.themes.assignment.seed_topics import texts_of
from textcx.steps.themes.finding.learn import EncodedTaxonomy, learn_themes, sampled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.themes.sets import ThemeSet
    from textcx.ports import TopicFit

NOUNS = ["parcel", "courier", "invoice", "refund", "battery", "charger", "waiter", "dessert"]
GROUPS = np.array([0, 0, 1, 1, 2, 2, 3, 4])
"""Noun to its group: the last two stand alone in theirs."""
ADJECTIVES = ["late", "wrong", "broken", "cold", "old", "new"]


class ByNoun:
    """Implements the ``ThemeModel`` port: a topic for each noun, in two levels; ``nouns`` has that of each text."""

    def __init__(self, nouns: dict[str, int]) -> None:
        self._nouns = nouns

    def fit(
        self, texts: Sequence[str], vectors: np.ndarray, *, seed: int, max_unassigned: float | None = None
    ) -> TopicFit:
        del seed, max_unassigned
        present, topics = np.unique([self._nouns[text] for text in texts], return_inverse=True)
        return topic_fit(
            topics.astype(np.int64),
            vectors,
            strengths=np.full(len(texts), 0.7),
            keywords=tuple((NOUNS[number],) for number in present),
            levels=(np.unique(GROUPS[present], return_inverse=True)[1],),
        )


def around(words: Sequence[str], *, seed: int) -> np.ndarray:
    """Unit vectors near those of words, one each."""
    vectors = FakeEncoder().encode(words).matters
    vectors = vectors + np.random.default_rng(seed).normal(scale=0.007, size=vectors.shape).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def segments(
    *, each: int = 6, nouns: Sequence[str] = NOUNS, unlike: Sequence[str] = ()
) -> tuple[pl.DataFrame, np.ndarray, ByNoun]:
    """Segments about each noun; those about nouns of ``unlike`` have no word in common."""
    rows = [
        (
            f"r{number}{n:02d}:0-9",
            f"r{number}{n:02d}",
            f"{noun[::-1]}{chr(97 + n)}" if noun in unlike else f"{noun} is {ADJECTIVES[n % 6]}",
            -0.2,
        )
        for number, noun in enumerate(nouns)
        for n in range(each)
    ]
    frame = pl.DataFrame(rows, schema=["segment_id", "record_id", "text", "polarity"], orient="row")
    numbers = {text: place // each for place, text in enumerate(frame["text"])}
    return frame, around([noun for noun in nouns for _ in range(each)], seed=0), ByNoun(numbers)


def learned(
    *, each: int = 6, nouns: Sequence[str] = NOUNS, unlike: Sequence[str] = ()
) -> tuple[ThemeSet, pl.DataFrame, np.ndarray]:
    frame, vectors, model = segments(each=each, nouns=nouns, unlike=unlike)
    theme_set, _ = learn_themes(frame, vectors, model=model, naming=fake_naming())
    return theme_set, frame, vectors


def test_themes_form_a_tree_without_single_children() -> None:
    theme_set, _, _ = learned()

    children = [theme.parent_theme_id for theme in theme_set.themes if theme.parent_theme_id]
    assert {children.count(parent) for parent in children} == {2}
    assert sorted(theme.level for theme in theme_set.themes) == [1] * 5 + [2] * 6
    assert len(theme_set.leaves()) == len(NOUNS)
    places = {theme.theme_id: place for place, theme in enumerate(theme_set.themes)}
    assert all(
        places[theme.parent_theme_id] < places[theme.theme_id] for theme in theme_set.themes if theme.parent_theme_id
    )


def test_every_leaf_has_a_prototype_and_every_name_is_unique() -> None:
    theme_set, _, _ = learned()

    assert sorted(theme_set.owners) == sorted(theme.theme_id for theme in theme_set.leaves())
    assert len({theme.name.lower() for theme in theme_set.themes}) == len(theme_set.themes)
    assert np.abs(np.linalg.norm(theme_set.prototypes, axis=1) - 1).max() < 1e-3


def test_leaves_are_called_what_they_are_about_and_what_nothing_covers_after_its_two_widest_parts() -> None:
    theme_set, _, _ = learned()

    assert {theme.name for theme in theme_set.leaves()} == {noun.capitalize() for noun in NOUNS}
    above = {theme.parent_theme_id for theme in theme_set.themes} - {None}
    assert {theme_set.theme(each).name for each in above} == {
        "Parcel and courier", "Invoice and refund", "Battery and charger",
    }  # fmt: skip


def test_a_name_in_capitals_keeps_them_inside_another() -> None:
    theme_set, _, _ = learned(nouns=["parcel", "VPN", "invoice", "WiFi", *NOUNS[4:]])

    assert {"Parcel and VPN", "Invoice and WiFi"} <= {theme.name for theme in theme_set.themes}


def test_a_leaf_without_a_name_is_no_theme_and_its_segments_have_none() -> None:
    theme_set, frame, vectors = learned(unlike=["parcel", "waiter"])

    nameless = theme_set.members.filter(pl.col("record_id").str.contains("^r[06]"))
    named = theme_set.members.join(nameless, on="segment_id", how="anti")
    assert nameless.select("theme_id", "strength").unique().rows() == [(None, 0.0)]
    assert named["theme_id"].null_count() == 0
    assert named["strength"].min() > 0
    assert sorted(theme_set.owners) == sorted(theme.theme_id for theme in theme_set.leaves())
    assert theme_set.prototypes.shape == (len(NOUNS) - 2, vectors.shape[1])
    by_id = assign_themes(theme_set, vectors, segment_ids=frame["segment_id"].to_list())
    assert by_id.theme_ids == theme_set.members["theme_id"].to_list()


def test_the_prototype_of_a_theme_stays_its_own_where_one_before_it_has_no_name() -> None:
    theme_set, frame, vectors = learned(unlike=["parcel"])
    rest = np.flatnonzero(~frame["record_id"].str.starts_with("r0").to_numpy())

    assigned = assign_themes(theme_set, vectors[rest]).theme_ids

    assert assigned == theme_set.members["theme_id"].gather(rest).to_list()


def test_what_a_leaf_without_a_name_leaves_alone_is_no_single_child() -> None:
    theme_set, _, _ = learned(unlike=["parcel"])

    courier = next(theme for theme in theme_set.themes if theme.name == "Courier")
    assert (courier.level, courier.parent_theme_id) == (1, None)


def test_where_no_leaf_has_a_name_there_are_no_themes() -> None:
    theme_set, _, vectors = learned(unlike=NOUNS)

    assert theme_set.themes == theme_set.owners == ()
    assert theme_set.members["theme_id"].null_count() == theme_set.members.height
    assert set(assign_themes(theme_set, vectors).theme_ids) == {None}


def test_a_level_shows_a_leaf_or_what_stands_for_it() -> None:
    theme_set, _, _ = learned()

    assert len(set(theme_set.at_level(1).values())) == 5
    assert len(set(theme_set.at_level(2).values())) == len(NOUNS)
    assert theme_set.at_level(3) == theme_set.at_level(2)


def test_members_are_kept_with_the_theme_they_raise() -> None:
    theme_set, frame, _ = learned()

    assert theme_set.members["segment_id"].to_list() == frame["segment_id"].to_list()
    assert theme_set.members.group_by("theme_id").len()["len"].to_list() == [6] * len(NOUNS)
    assert theme_set.sample_ids == tuple(frame["segment_id"])


def test_assigning_what_was_learned_from_gives_the_same_themes() -> None:
    theme_set, frame, vectors = learned()

    by_vector = assign_themes(theme_set, vectors)
    by_id = assign_themes(theme_set, vectors, segment_ids=frame["segment_id"].to_list())

    assert by_vector.theme_ids == by_id.theme_ids == theme_set.members["theme_id"].to_list()
    assert by_id.strengths.tolist() == theme_set.members["strength"].to_list()
    assert (by_vector.strengths > 0.9).all()


def test_a_segment_far_from_every_theme_belongs_to_none() -> None:
    theme_set, _, _ = learned()
    stray = -theme_set.prototypes.sum(axis=0, keepdims=True)
    stray /= np.linalg.norm(stray)

    assigned = assign_themes(theme_set, stray)

    assert assigned.theme_ids == [None]
    assert assigned.strengths.tolist() == [0.0]


def test_what_a_person_has_put_elsewhere_goes_there() -> None:
    theme_set, _, vectors = learned()
    other = theme_set.owners[5]
    edited = replace(theme_set, exceptions=vectors[[0, 20]], exception_themes=(other, None))

    assert assign_themes(edited, vectors[[0, 20, 40]]).theme_ids == [other, None, theme_set.members["theme_id"][40]]


def test_a_theme_with_several_prototypes_takes_what_is_near_any_of_them() -> None:
    theme_set, _, vectors = learned()
    merged = replace(theme_set, owners=(theme_set.owners[0], theme_set.owners[0], *theme_set.owners[2:]))

    assert set(assign_themes(merged, vectors[:12]).theme_ids) == {theme_set.owners[0]}


@given(st.permutations(range(48)))
def test_an_assignment_depends_on_the_segment_alone(order: list[int]) -> None:
    theme_set, _, vectors = LEARNED

    straight, shuffled = assign_themes(theme_set, vectors), assign_themes(theme_set, vectors[order])

    assert [straight.theme_ids[place] for place in order] == shuffled.theme_ids
    assert straight.strengths[order].tobytes() == shuffled.strengths.tobytes()


LEARNED = learned()


def test_a_sample_is_chosen_by_content_not_by_place() -> None:
    ids = [f"s{number:03d}" for number in range(300)]

    chosen = {ids[place] for place in sampled(ids, most=50)}

    assert len(chosen) == 50
    assert chosen == {ids[::-1][place] for place in sampled(ids[::-1], most=50)}


def test_shown_at_takes_a_leaf_above_the_level_as_it_is() -> None:
    tree = [("a", None, 1), ("b", None, 1), ("c", "a", 2), ("d", "a", 2), ("e", "c", 3), ("f", "c", 3)]

    assert shown_at(tree, level=1) == {"b": "b", "d": "a", "e": "a", "f": "a"}
    assert shown_at(tree, level=2) == {"b": "b", "d": "d", "e": "c", "f": "c"}
    assert shown_at(tree, level=3) == {"b": "b", "d": "d", "e": "e", "f": "f"}


def with_given() -> tuple[ThemeSet, pl.DataFrame, np.ndarray]:
    """A set with the given themes "My deliveries" and "My money"; each example lies near one noun."""
    frame, vectors, model = segments(each=40)
    taxonomy = ThemeTaxonomy(
        (
            SeedTopic(name="My deliveries", examples=("a parcel came late", "parcel was wrong", "parcel broken again")),
            SeedTopic(name="My money", examples=("refund is late", "refund was wrong", "no refund came yet")),
        )
    )
    given = around(["parcel" if "parcel" in text else "refund" for text in texts_of(taxonomy)], seed=1)
    theme_set, _ = learn_themes(
        frame, vectors, model=model, naming=fake_naming(), taxonomy=EncodedTaxonomy(taxonomy, given)
    )
    return theme_set, frame, vectors


def test_seed_topics_are_matched_first_and_others_are_sought_in_the_rest() -> None:
    theme_set, frame, _ = with_given()

    names = {theme.theme_id: theme.name for theme in theme_set.themes}
    told = theme_set.members.join(frame.select("segment_id", "text"), on="segment_id")
    mine = told.filter(pl.col("theme_id").replace_strict(names, default="").is_in(["My deliveries", "My money"]))
    assert mine.height >= 20
    assert mine["text"].str.contains("parcel|refund").all()
    rest = told.join(mine, on="segment_id", how="anti")["theme_id"]
    assert {names[each] for each in rest.drop_nulls()} & {"My deliveries", "My money"} == set()
    assert [theme.kind for theme in theme_set.themes if theme.name.startswith("My")] == [ThemeKind.GIVEN] * 2


def test_new_segments_go_to_the_seed_topics_that_they_match() -> None:
    theme_set, _, vectors = with_given()

    assigned = assign_themes(theme_set, vectors)

    assert assigned.theme_ids == theme_set.members["theme_id"].to_list()


def test_a_given_theme_that_was_merged_away_leaves_its_segments_to_its_heir() -> None:
    theme_set, _, vectors = with_given()
    mine = next(theme.theme_id for theme in theme_set.themes if theme.name == "My money")
    heir = next(owner for owner in theme_set.owners if owner not in theme_set.seed_topics.theme_ids)
    merged = replace(
        theme_set,
        themes=tuple(theme for theme in theme_set.themes if theme.theme_id != mine),
        owners=tuple(heir if owner == mine else owner for owner in theme_set.owners),
    )

    before, after = assign_themes(theme_set, vectors), assign_themes(merged, vectors)

    moved = [new for old, new in zip(before.theme_ids, after.theme_ids, strict=True) if old == mine]
    assert mine not in moved
    assert heir in moved
