from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import NAMING
from theme_world import APP, BROWN, LATE, PLAN, PRICE, RECIPES, RUDE, TREE, Leaf, by_name, id_of, learn, names

from textcx.domain.errors import Conflict, NotFound, WrongUse
from textcx.domain.matters import Nearness
from textcx.domain.themes.edits import Action, Edit
from textcx.domain.themes.sets import Change, SeedTopics, ThemeSet
from textcx.steps.themes.editing.edits import (
    EditResult,
    add_edit,
    apply_edits,
    continue_edited,
    find_theme,
    moves,
    whole_names,
)

continue_edited = partial(continue_edited, stop_words=NAMING.stop_words)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Log:
    """Adds edits to a set one by one, as the command does."""

    def __init__(self, theme_set: ThemeSet) -> None:
        self.set = theme_set
        self.edits: list[Edit] = []

    def do(self, action: Action, *themes: str, **more: Any) -> EditResult:
        edit = Edit(
            number=len(self.edits) + 1, when=NOON, action=action, version=self.set.version, themes=tuple(themes), **more
        )
        made, _, after = add_edit(self.set, self.edits, edit)
        self.edits.append(made)
        return after

    def rename(self, theme: str, name: str) -> EditResult:
        return self.do(Action.RENAME, theme, name=name)

    def undo(self, number: int) -> EditResult:
        return self.do(Action.UNDO, undoes=number)

    def pair(self, action: Action, one: str, other: str) -> EditResult:
        return self.do(action, segments=(one, other))

    @property
    def result(self) -> ThemeSet:
        return apply_edits(self.set, self.edits).theme_set


def home(theme_set: ThemeSet, segment: str) -> str | None:
    return theme_set.members.filter(pl.col("segment_id") == segment)["theme_id"].item()


def count(theme_set: ThemeSet, theme: str) -> int:
    return theme_set.members.filter(pl.col("theme_id") == theme).height


LATE_0, LATE_1, RUDE_0, RUDE_1, CARD_0 = (
    "late-parcels-0:0-20", "late-parcels-1:0-20", "rude-drivers-0:0-20", "rude-drivers-1:0-20", "recipe-cards-0:0-20",
)  # fmt: skip
ODD = "odd-0:0-9"


def test_a_set_without_edits_stays_as_it_is() -> None:
    fitted = learn(TREE)
    result = apply_edits(fitted, [])
    assert result.theme_set is fitted
    assert result.moved.is_empty()


def test_a_renamed_theme_has_its_new_name_and_nothing_moves() -> None:
    log = Log(learn(PLAN))
    result = log.rename(id_of("late parcels"), "  deliveries  that are late ")
    assert names(result.theme_set)[id_of("late parcels")] == "deliveries that are late"
    assert result.moved.is_empty()
    assert result.theme_set.history[-1].change is Change.EDITED


def test_a_name_that_is_taken_is_refused_and_the_edit_that_took_it_is_named() -> None:
    log = Log(learn(PLAN))
    with pytest.raises(Conflict, match=rf"name 'Rude drivers' is that of theme {id_of('rude drivers')}"):
        log.rename(id_of("late parcels"), "Rude drivers")
    log.rename(id_of("rude drivers"), "couriers")
    with pytest.raises(Conflict, match=r"edit 2 .* contradicts edit 1: by that, the name 'Couriers'"):
        log.rename(id_of("late parcels"), "Couriers")
    log.rename(id_of("late parcels"), "rude drivers")  # free now


@pytest.mark.parametrize("name", ["", "  ", "one two three four five six", "x" * 61, "tab\x07bell"])
def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(WrongUse, match="a theme's name has one to 5 words"):
        Log(learn(PLAN)).rename(id_of("late parcels"), name)


def test_an_unknown_theme_is_refused_with_the_one_that_may_be_meant() -> None:
    with pytest.raises(
        NotFound, match=rf"no theme 'late parcel'; did you mean {id_of('late parcels')} \('late parcels'\)"
    ):
        find_theme(learn(PLAN), "late parcel")
    with pytest.raises(NotFound, match="textcx themes show lists them"):
        Log(learn(PLAN)).do(Action.PIN, "qqqq")
    assert find_theme(learn(PLAN), "Late  Parcels").theme_id == id_of("late parcels")


def test_merged_themes_have_one_owner_and_all_members() -> None:
    fitted = learn(PLAN)
    log = Log(fitted)
    result = log.do(Action.MERGE, id_of("late parcels"), id_of("rude drivers"), name="delivery")
    found = result.theme_set
    assert id_of("rude drivers") not in names(found)
    assert names(found)[id_of("late parcels")] == "delivery"
    assert found.owners.count(id_of("late parcels")) == 2
    assert count(found, id_of("late parcels")) == 24
    assert set(result.moved["from_theme_id"]) == {id_of("rude drivers")}
    assert result.moved.height == 10
    assert found.members.height == fitted.members.height


def test_what_matches_a_given_theme_goes_on_to_the_given_theme_it_was_merged_into() -> None:
    one, other = id_of("late parcels"), id_of("rude drivers")
    fitted = learn(PLAN)
    rows = [fitted.owners.index(each) for each in (one, other)]
    seed_topics = SeedTopics(
        theme_ids=(one, other),
        origin=fitted.origin,
        prototypes=fitted.prototypes[rows],
        curve=Nearness(),
        least=0.5,
    )
    log = Log(replace(fitted, seed_topics=seed_topics))
    found = log.do(Action.MERGE, one, other).theme_set
    assert found.seed_topics is not None
    assert found.seed_topics.theme_ids == (one, one)
    found = log.do(Action.MERGE, id_of("recipe cards"), one).theme_set
    assert found.seed_topics is not None
    assert found.seed_topics.theme_ids == (one, one)  # a found theme is matched by where it lies


def test_merging_all_sub_themes_of_a_theme_leaves_that_theme() -> None:
    log = Log(learn(TREE))
    result = log.do(Action.MERGE, id_of("late parcels"), id_of("rude drivers"), name="delivery")
    found = result.theme_set
    assert {"delivery"} == {each.name for each in found.leaves() if each.theme_id == id_of("delivery")}
    assert id_of("late parcels") not in names(found)
    assert count(found, id_of("delivery")) == 24
    assert "all that 'delivery' has now" in result.notes[0]


def test_merged_themes_with_sub_themes_keep_them_all() -> None:
    fitted = learn(TREE)
    log = Log(fitted)
    result = log.do(Action.MERGE, id_of("delivery"), id_of("the box"), id_of("price rises"))
    below = {each.name for each in result.theme_set.themes if each.parent_theme_id == id_of("delivery")}
    assert below == {"late parcels", "rude drivers", "recipe cards", "brown lettuce", "price rises"}
    assert result.moved.is_empty()
    assert moves(fitted, result.theme_set, level=1).height == 16 + 9 + 8
    assert {each.level for each in result.theme_set.leaves() if each.parent_theme_id is not None} == {2}


def test_a_theme_with_sub_themes_merged_into_a_leaf_gives_it_all() -> None:
    result = Log(learn(TREE)).do(Action.MERGE, id_of("price rises"), id_of("delivery"))
    assert count(result.theme_set, id_of("price rises")) == 14 + 10 + 8
    assert not {"delivery", "late parcels", "rude drivers"} & {each.name for each in result.theme_set.themes}


def test_a_theme_is_not_merged_with_itself_or_its_own_part() -> None:
    with pytest.raises(WrongUse, match="cannot be merged with itself"):
        Log(learn(TREE)).do(Action.MERGE, id_of("delivery"), id_of("delivery"))
    with pytest.raises(Conflict, match="is part of the other"):
        Log(learn(TREE)).do(Action.MERGE, id_of("delivery"), id_of("late parcels"))


def test_editing_a_theme_that_an_edit_took_away_is_refused_and_that_edit_is_named() -> None:
    log = Log(learn(PLAN))
    log.do(Action.MERGE, id_of("late parcels"), id_of("rude drivers"))
    with pytest.raises(
        Conflict, match=r"edit 2 .*contradicts edit 1: by that, theme .* is gone and 'late parcels' took its place"
    ):
        log.do(Action.MERGE, id_of("recipe cards"), id_of("rude drivers"))


def test_splitting_a_theme_lifts_its_sub_themes_and_moves_no_segment() -> None:
    log = Log(learn(TREE))
    result = log.do(Action.SPLIT, id_of("delivery"))
    assert "delivery" not in names(result.theme_set).values()
    lifted = [by_name(result.theme_set, each) for each in ("late parcels", "rude drivers")]
    assert [(each.level, each.parent_theme_id) for each in lifted] == [(1, None), (1, None)]
    assert result.moved.is_empty()


def two_in_one() -> ThemeSet:
    """A set whose theme "late parcels" also holds all about rude drivers."""
    fitted = learn(PLAN)
    gone, taker = id_of("rude drivers"), id_of("late parcels")
    rows = [row for row, owner in enumerate(fitted.owners) if owner != gone]
    return replace(
        fitted,
        themes=tuple(each for each in fitted.themes if each.theme_id != gone),
        owners=tuple(fitted.owners[row] for row in rows),
        prototypes=fitted.prototypes[rows],
        members=fitted.members.with_columns(theme_id=fitted.members["theme_id"].replace(gone, taker)),
    )


def test_a_split_leaf_falls_into_what_lies_together() -> None:
    log = Log(two_in_one())
    result = log.do(Action.SPLIT, id_of("late parcels"))
    parts = [by_name(result.theme_set, each).theme_id for each in ("late parcels 1", "late parcels 2")]
    assert [count(result.theme_set, each) for each in parts] == [14, 10]
    assert {home(result.theme_set, f"rude-drivers-{number}:0-20") for number in range(10)} == {parts[1]}
    assert result.moved.height == 24
    assert set(parts) <= set(result.theme_set.owners)


def test_a_split_means_the_same_again_and_after_another_fit() -> None:
    log = Log(two_in_one())
    first = log.do(Action.SPLIT, id_of("late parcels")).theme_set
    again = apply_edits(log.set, log.edits).theme_set
    assert again.members.equals(first.members)
    assert np.array_equal(again.prototypes, first.prototypes)
    shuffled = replace(log.set, themes=log.set.themes[::-1])
    assert apply_edits(shuffled, log.edits).theme_set.themes == first.themes
    refit = continue_edited(log.set, replace(two_in_one(), set_id="s9"), log.edits)
    later = apply_edits(refit, log.edits).theme_set
    assert names(later) == names(first)
    assert later.members.equals(first.members)


def test_segments_without_a_known_vector_are_let_go_by_a_split() -> None:
    fitted = two_in_one()
    kept = [place for place, each in enumerate(fitted.sample_ids) if each != LATE_0]
    fitted = replace(fitted, sample_ids=tuple(fitted.sample_ids[place] for place in kept), sample=fitted.sample[kept])
    log = Log(fitted)
    result = log.do(Action.SPLIT, id_of("late parcels"))
    assert LATE_0 not in result.theme_set.members["segment_id"]
    assert "1 of the 24 segments of 'late parcels' have no vector in the set" in result.notes[0]


def test_a_theme_of_equal_segments_cannot_be_split() -> None:
    fitted = learn(PLAN)
    same = replace(fitted, sample=np.tile(fitted.sample[:1], (len(fitted.sample), 1)))
    with pytest.raises(Conflict, match="too few different vectors of 'late parcels' to split it into 2"):
        Log(same).do(Action.SPLIT, id_of("late parcels"))
    with pytest.raises(WrongUse, match="into 2 to 9 at once, not into 1"):
        Log(fitted).do(Action.SPLIT, id_of("late parcels"), parts=1)


@pytest.mark.parametrize(
    ("do", "back", "mark"),
    [(Action.PIN, Action.UNPIN, "pinned"), (Action.HIDE, Action.SHOW, "hidden")],
)
def test_marks_are_set_and_taken_away(do: Action, back: Action, mark: str) -> None:
    log = Log(learn(PLAN))
    theme = id_of("late parcels")
    assert getattr(log.do(do, theme).theme_set.theme(theme), mark)
    with pytest.raises(Conflict, match="already; there is nothing to do"):
        log.do(do, theme)
    assert not getattr(log.do(back, theme).theme_set.theme(theme), mark)


def test_segments_that_belong_together_share_the_theme_of_the_first() -> None:
    log = Log(learn(PLAN))
    result = log.pair(Action.TOGETHER, LATE_0, RUDE_0)
    assert home(result.theme_set, RUDE_0) == home(result.theme_set, LATE_0) == id_of("late parcels")
    assert result.moved.rows() == [(RUDE_0, "rude-drivers-0", id_of("rude drivers"), id_of("late parcels"))]
    assert result.theme_set.exception_themes == (id_of("late parcels"),) * 2


def test_a_segment_in_no_theme_comes_to_the_other_one() -> None:
    result = Log(learn(PLAN)).pair(Action.TOGETHER, ODD, RUDE_0)
    assert home(result.theme_set, ODD) == home(result.theme_set, RUDE_0) == id_of("rude drivers")
    with pytest.raises(Conflict, match="neither odd-0:0-9 nor odd-1:0-9 is in a theme"):
        Log(learn(PLAN)).pair(Action.TOGETHER, ODD, "odd-1:0-9")


def test_segments_that_belong_apart_part_and_what_goes_together_goes_along() -> None:
    log = Log(learn(PLAN))
    log.pair(Action.TOGETHER, LATE_1, CARD_0)
    result = log.pair(Action.APART, LATE_0, CARD_0)
    found = result.theme_set
    assert home(found, LATE_0) == id_of("late parcels")
    assert home(found, CARD_0) == home(found, LATE_1) != id_of("late parcels")


def test_pairs_survive_a_fit_to_other_feedback() -> None:
    log = Log(learn(PLAN))
    log.pair(Action.TOGETHER, LATE_0, RUDE_0)
    other = learn([replace(leaf, start=500) for leaf in PLAN], prefix="new ")
    refit = continue_edited(log.set, other, log.edits)
    found = apply_edits(refit, log.edits).theme_set
    assert found.exception_themes == (id_of("late parcels"),) * 2
    assert np.allclose(np.linalg.norm(found.exceptions, axis=1), 1.0, atol=1e-3)


def test_together_and_apart_on_the_same_segments_is_refused() -> None:
    log = Log(learn(PLAN))
    log.pair(Action.TOGETHER, LATE_0, RUDE_0)
    with pytest.raises(Conflict, match=r"edit 2 .* contradicts edit 1: .* both together and apart"):
        log.pair(Action.APART, RUDE_0, LATE_0)
    log.pair(Action.TOGETHER, RUDE_0, CARD_0)
    with pytest.raises(Conflict, match="contradicts edits 1 and 2"):
        log.pair(Action.APART, LATE_0, CARD_0)


def test_apart_then_together_through_a_third_is_refused() -> None:
    log = Log(learn(PLAN))
    log.pair(Action.APART, LATE_0, CARD_0)
    log.pair(Action.TOGETHER, LATE_0, RUDE_0)
    with pytest.raises(Conflict, match=r"edit 3 .* contradicts edits 1 and 2"):
        log.pair(Action.TOGETHER, RUDE_0, CARD_0)
    assert [edit.number for edit in log.edits] == [1, 2]


def test_a_merge_that_brings_together_what_is_kept_apart_is_refused() -> None:
    log = Log(learn(PLAN))
    log.pair(Action.APART, LATE_0, RUDE_0)
    with pytest.raises(
        Conflict, match=r"edit 2 .* contradicts edit 1: that keeps late-parcels-0:0-20 and rude-drivers-0:0-20 apart"
    ):
        log.do(Action.MERGE, id_of("late parcels"), id_of("rude drivers"))


def test_a_pair_that_would_meet_what_it_is_kept_apart_from_goes_the_other_way() -> None:
    log = Log(learn(PLAN))
    log.pair(Action.APART, LATE_0, LATE_1)
    away = home(log.result, LATE_1)
    found = log.pair(Action.TOGETHER, "late-parcels-2:0-20", LATE_1).theme_set
    assert home(found, LATE_0) == id_of("late parcels")
    assert home(found, LATE_1) == home(found, "late-parcels-2:0-20") == away != id_of("late parcels")


def test_a_segment_that_is_not_known_is_refused() -> None:
    with pytest.raises(NotFound, match="not learned from a segment r9:0-4"):
        Log(learn(PLAN)).pair(Action.TOGETHER, LATE_0, "r9:0-4")
    with pytest.raises(WrongUse, match="named twice"):
        Log(learn(PLAN)).pair(Action.APART, LATE_0, LATE_0)


def test_what_is_undone_is_as_if_it_had_never_been() -> None:
    log = Log(learn(PLAN))
    log.rename(id_of("late parcels"), "deliveries")
    before = log.result
    log.do(Action.MERGE, id_of("recipe cards"), id_of("rude drivers"))
    assert log.undo(2).moved.height == 10
    assert log.result.themes == before.themes
    assert log.result.members.equals(before.members)
    log.undo(3)
    assert id_of("rude drivers") not in names(log.result)


def test_undoing_what_a_later_edit_builds_on_is_refused() -> None:
    log = Log(two_in_one())
    found = log.do(Action.SPLIT, id_of("late parcels")).theme_set
    log.rename(by_name(found, "late parcels 2").theme_id, "couriers")
    with pytest.raises(Conflict, match="edit 1 cannot be undone, because a later one builds on it: edit 2"):
        log.undo(1)
    log.undo(2)
    log.undo(1)
    assert "late parcels" in names(log.result).values()


def test_undoing_nothing_or_twice_is_refused() -> None:
    log = Log(learn(PLAN))
    with pytest.raises(NotFound, match="no edit 3; there is none yet"):
        log.undo(3)
    log.rename(id_of("late parcels"), "deliveries")
    log.undo(1)
    with pytest.raises(Conflict, match="edit 1 was undone already, by edit 2; undo 2 to have it back"):
        log.undo(1)


def test_an_undoing_mends_a_log_that_contradicts_itself() -> None:
    log = Log(learn(PLAN))
    log.pair(Action.TOGETHER, LATE_0, RUDE_0)
    log.edits.append(replace(log.edits[0], number=2, action=Action.APART))
    with pytest.raises(Conflict):
        apply_edits(log.set, log.edits)
    log.undo(2)
    assert home(log.result, RUDE_0) == id_of("late parcels")


def test_edits_are_not_applied_twice() -> None:
    log = Log(learn(PLAN))
    log.rename(id_of("late parcels"), "deliveries")
    with pytest.raises(WrongUse, match="applied to this theme set already"):
        apply_edits(log.result, log.edits)


def refit(log: Log, plan: list[Leaf]) -> EditResult:
    found = continue_edited(log.set, learn(plan, prefix="new "), log.edits)
    assert not any(theme.pinned for theme in found.themes)
    return apply_edits(found, log.edits)


def test_edits_are_applied_after_another_fit() -> None:
    log = Log(learn(TREE))
    log.rename(id_of("delivery"), "couriers")
    log.do(Action.MERGE, id_of("price rises"), id_of("app crashes"), name="money and app")
    log.do(Action.HIDE, id_of("brown lettuce"))
    result = refit(log, [replace(leaf, start=3) for leaf in TREE])
    assert (result.notes, result.skipped) == ((), ())
    found = result.theme_set
    assert found.version == 2
    assert found.theme(id_of("delivery")).name == "couriers"
    assert found.theme(id_of("price rises")).name == "money and app"
    assert found.theme(id_of("brown lettuce")).hidden


def test_what_a_fit_has_overtaken_is_passed_over_with_a_note() -> None:
    log = Log(learn(PLAN))
    log.rename(id_of("price rises"), "dearer boxes")
    log.rename(id_of("late parcels"), "deliveries")
    result = refit(log, [LATE, RUDE, RECIPES, BROWN, APP])
    assert result.skipped == (1,)
    assert result.notes[0].startswith(f"After the last fit, edit 1 (rename '{id_of('price rises')}' to 'dearer boxes')")
    assert names(result.theme_set)[id_of("late parcels")] == "deliveries"


def test_a_theme_that_is_pinned_by_an_edit_stays_until_it_is_unpinned() -> None:
    log = Log(learn(PLAN))
    log.do(Action.PIN, id_of("price rises"))
    result = refit(log, [LATE, RUDE, RECIPES, BROWN, APP])
    assert result.theme_set.theme(id_of("price rises")).pinned
    assert result.skipped == ()
    log.do(Action.UNPIN, id_of("price rises"))
    assert id_of("price rises") not in names(refit(log, [LATE, RUDE, RECIPES, BROWN, APP]).theme_set)


def test_a_pinned_part_of_a_split_theme_stays() -> None:
    log = Log(two_in_one())
    part = by_name(log.do(Action.SPLIT, id_of("late parcels")).theme_set, "late parcels 2").theme_id
    log.rename(part, "couriers")
    log.do(Action.PIN, part)
    result = refit(log, [RECIPES, PRICE, BROWN, APP])
    assert result.theme_set.theme(part).name == "couriers"


def test_a_later_fit_that_takes_a_persons_name_gives_it_back() -> None:
    log = Log(learn([LATE, RUDE, RECIPES, PRICE]))
    log.rename(id_of("late parcels"), "app crashes")
    result = refit(log, [LATE, RUDE, RECIPES, PRICE, replace(APP, keywords=("freezing", "app"))])
    found = result.theme_set
    assert found.theme(id_of("late parcels")).name == "app crashes"
    assert sorted(names(found).values())[:2] == ["app crashes", "app crashes (freezing)"]
    assert "it is 'app crashes (freezing)' now" in result.notes[0]


def test_what_a_later_fit_splits_off_stays_hidden_and_merged() -> None:
    whole = Leaf("late parcels", {1: 1.0}, 30, source="late")
    parts = [
        Leaf("late in winter", {1: 1.0, 2: 0.25}, 18, source="late"),
        Leaf("late at weekends", {1: 1.0, 3: 0.35}, 12, source="late", start=18),
    ]
    log = Log(learn([whole, RECIPES, PRICE]))
    log.do(Action.HIDE, id_of("late parcels"))
    result = refit(log, [*parts, RECIPES, PRICE])
    assert [each.hidden for each in result.theme_set.themes if each.name.startswith("late")] == [True, True]
    log = Log(learn([whole, RECIPES, PRICE]))
    log.do(Action.MERGE, id_of("recipe cards"), id_of("late parcels"))
    assert count(refit(log, [*parts, RECIPES, PRICE]).theme_set, id_of("recipe cards")) == 16 + 30


def test_a_merge_that_a_later_fit_made_by_itself_is_content() -> None:
    big = Leaf("late parcels", {1: 1.0, 2: 0.2}, 20, source="late")
    small = Leaf("late at weekends", {1: 1.0, 3: 0.3}, 10, source="late", start=20)
    log = Log(learn([big, small, RECIPES, PRICE]))
    log.do(Action.MERGE, id_of("late parcels"), id_of("late at weekends"), name="delays")
    result = refit(log, [Leaf("late parcels", {1: 1.0}, 30, source="late"), RECIPES, PRICE])
    assert result.skipped == ()
    assert result.theme_set.theme(id_of("late parcels")).name == "delays"


LEAVES = [id_of(leaf.name) for leaf in TREE]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just(Action.MERGE), st.permutations([*LEAVES, id_of("delivery"), id_of("the box")]).map(lambda ids: tuple(ids[:2]))),
        st.tuples(st.just(Action.SPLIT), st.sampled_from([*LEAVES, id_of("delivery")]).map(lambda one: (one,))),
        st.tuples(st.sampled_from([Action.TOGETHER, Action.APART]), st.permutations([LATE_0, LATE_1, RUDE_0, RUDE_1, CARD_0, ODD]).map(lambda ids: tuple(ids[:2]))),
    ),
    max_size=5,
)  # fmt: skip


@settings(max_examples=25)
@given(STEPS)
def test_whatever_is_edited_no_segment_is_lost_and_the_tree_stays_in_shape(
    steps: list[tuple[Action, tuple[str, ...]]],
) -> None:
    fitted = learn(TREE)
    log = Log(fitted)
    for action, what in steps:
        try:
            if action in {Action.TOGETHER, Action.APART}:
                log.pair(action, *what)
            else:
                log.do(action, *what)
        except (Conflict, NotFound, WrongUse):
            continue
    found = log.result
    assert found.members["segment_id"].equals(fitted.members["segment_id"])
    leaves = {theme.theme_id for theme in found.leaves()}
    assert set(found.members.drop_nulls("theme_id")["theme_id"]) <= leaves
    assert set(found.owners) == leaves
    assert set(found.exception_themes) - {None} <= leaves
    parents = [theme.parent_theme_id for theme in found.themes if theme.parent_theme_id is not None]
    assert all(parents.count(each) > 1 for each in parents)
    levels = {theme.theme_id: theme.level for theme in found.themes}
    assert all(
        levels[theme.theme_id] > levels[theme.parent_theme_id] for theme in found.themes if theme.parent_theme_id
    )
    assert len({theme.name.casefold() for theme in found.themes}) == len(found.themes)
    for edit in log.edits:
        if edit.action in {Action.TOGETHER, Action.APART}:
            homes = [home(found, segment) for segment in edit.segments]
            if edit.action is Action.TOGETHER:
                assert homes[0] == homes[1]
            else:
                assert homes[0] is None or homes[0] != homes[1]


def test_a_name_that_holds_a_comma_is_put_together_again() -> None:
    theme_set = Log(learn(TREE)).rename(id_of("late parcels"), "bust, arms and sleeves").theme_set

    assert whole_names(theme_set, ["Bust", "arms and sleeves", "price rises"]) == (
        "Bust, arms and sleeves",
        "price rises",
    )
    assert whole_names(theme_set, ["price rises", "arms"]) == ("price rises", "arms")
