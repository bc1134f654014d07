from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from languages import NAMING
from theme_world import (
    APP,
    BROWN,
    LATE,
    PLAN,
    PRICE,
    RECIPES,
    RUDE,
    TREE,
    Leaf,
    by_name,
    id_of,
    learn,
    names,
    shuffled,
    under,
)

from textcx.domain.errors import ModelProblem
from textcx.domain.themes.sets import Change, Theme, ThemeKind, ThemeSet
from textcx.steps.themes.lineage.lineage import continue_themes

continue_themes = partial(continue_themes, stop_words=NAMING.stop_words)


def changes(theme_set: ThemeSet, change: Change) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(event.before, event.after) for event in theme_set.history if event.change is change]


def later(leaf: Leaf, **changed: object) -> Leaf:
    return replace(leaf, **changed)


def test_fitted_again_to_the_same_feedback_every_theme_goes_on() -> None:
    old = learn(TREE)
    found = continue_themes(old, learn(TREE, prefix="new ", set_id="s2"))
    assert names(found) == names(old)
    assert (found.set_id, found.version) == ("s1", 2)
    assert {event.change for event in found.history} == {Change.CONTINUED}
    assert len(found.history) == len(old.themes)
    assert found.members.equals(old.members)


def test_the_order_of_themes_changes_nothing() -> None:
    old, new = learn(TREE), learn([*TREE[1:], Leaf("box size", {0: 0.9, 3: 0.6})], prefix="new ")
    one, other = continue_themes(old, new), continue_themes(shuffled(old), shuffled(new, seed=5))
    assert one.themes == other.themes
    assert one.history == other.history
    assert one.members.equals(other.members)


def test_themes_are_found_again_in_other_feedback_by_where_they_lie() -> None:
    old = learn(PLAN)
    new = learn([later(leaf, start=500) for leaf in PLAN], prefix="new ")
    assert not set(old.members["segment_id"]) & set(new.members.drop_nulls("theme_id")["segment_id"])
    assert names(continue_themes(old, new)) == names(old)


def test_a_theme_that_was_not_there_is_born_and_one_that_is_gone_is_retired() -> None:
    old = learn([LATE, RUDE, RECIPES, PRICE])
    found = continue_themes(old, learn([LATE, RUDE, RECIPES, APP], prefix="new "))
    assert changes(found, Change.BORN) == [((), (id_of("new app crashes"),))]
    assert changes(found, Change.RETIRED) == [((id_of("price rises"),), ())]
    assert by_name(found, "app crashes").born == 2
    assert by_name(found, "late parcels").born == 1


def test_a_theme_that_falls_into_two_is_split_and_the_likelier_part_keeps_the_id() -> None:
    whole = Leaf("late parcels", {1: 1.0}, 30, source="late")
    parts = [
        Leaf("late in winter", {1: 1.0, 2: 0.25}, 18, source="late"),
        Leaf("late at weekends", {1: 1.0, 3: 0.35}, 12, source="late", start=18),
    ]
    old = learn([whole, RECIPES, PRICE])
    found = continue_themes(old, learn([*parts, RECIPES, PRICE], prefix="new "))
    assert changes(found, Change.SPLIT) == [
        ((id_of("late parcels"),), (id_of("late parcels"), id_of("new late at weekends")))
    ]
    assert changes(found, Change.BORN) == []
    assert found.theme(id_of("new late at weekends")).born == 2


def test_themes_that_become_one_are_merged_and_the_larger_keeps_its_id() -> None:
    big = Leaf("late parcels", {1: 1.0, 2: 0.2}, 20, source="late")
    small = Leaf("late at weekends", {1: 1.0, 3: 0.3}, 10, source="late", start=20)
    whole = Leaf("late parcels", {1: 1.0}, 30, source="late")
    old = learn([big, small, RECIPES, PRICE])
    found = continue_themes(old, learn([whole, RECIPES, PRICE], prefix="new "))
    assert changes(found, Change.MERGED) == [
        ((id_of("late parcels"), id_of("late at weekends")), (id_of("late parcels"),))
    ]
    assert changes(found, Change.RETIRED) == []
    assert names(found)[id_of("late parcels")] == "late parcels"


def test_shared_members_outweigh_a_direction_that_drifted() -> None:
    old = learn(PLAN)
    drifted = learn([later(LATE, axes={1: 1.0, 0: -0.9}), *PLAN[1:]], prefix="new ")
    assert id_of("late parcels") in names(continue_themes(old, drifted))
    elsewhere = learn([later(LATE, axes={1: 1.0, 0: -0.9}, source="other"), *PLAN[1:]], prefix="new ")
    near = continue_themes(old, elsewhere)
    assert names(near)[id_of("late parcels")] == "late parcels"  # still nearer to it than to anything else


def test_coarser_themes_are_matched_by_the_leaves_below_them() -> None:
    old = learn(TREE)
    renamed = [
        under(LATE, "shipping"), under(RUDE, "shipping"), under(RECIPES, "contents"), under(BROWN, "contents"), PRICE, APP,
    ]  # fmt: skip
    found = continue_themes(old, learn(renamed, prefix="new "))
    assert {theme.theme_id for theme in found.themes} == {theme.theme_id for theme in old.themes}
    assert found.theme(id_of("late parcels")).parent_theme_id == id_of("delivery")


def test_a_leaf_that_got_sub_themes_keeps_its_id_above_them() -> None:
    whole = Leaf("late parcels", {1: 1.0}, 30, source="late")
    parts = [
        Leaf("late in winter", {1: 1.0, 2: 0.3}, 16, above="late deliveries", source="late"),
        Leaf("late at weekends", {1: 1.0, 3: 0.3}, 14, above="late deliveries", source="late", start=16),
    ]
    found = continue_themes(learn([whole, RECIPES, PRICE]), learn([*parts, RECIPES, PRICE], prefix="new "))
    theme = found.theme(id_of("late parcels"))
    assert theme.level == 1
    assert {each.name for each in found.themes if each.parent_theme_id == theme.theme_id} == {
        "late in winter",
        "late at weekends",
    }
    assert [before for before, _ in changes(found, Change.SPLIT)] == [(id_of("late parcels"),)]


def test_a_theme_that_lost_its_sub_themes_keeps_its_id() -> None:
    parts = [
        Leaf("late in winter", {1: 1.0, 2: 0.3}, 16, above="late deliveries", source="late"),
        Leaf("late at weekends", {1: 1.0, 3: 0.3}, 14, above="late deliveries", source="late", start=16),
    ]
    whole = Leaf("late parcels", {1: 1.0}, 30, source="late")
    found = continue_themes(learn([*parts, RECIPES, PRICE]), learn([whole, RECIPES, PRICE], prefix="new "))
    assert {theme.theme_id for theme in found.themes} == {
        id_of(each) for each in ("late deliveries", "recipe cards", "price rises")
    }
    [(before, after)] = changes(found, Change.MERGED)
    assert set(before) == {id_of("late in winter"), id_of("late at weekends")}
    assert after == (id_of("late deliveries"),)


def test_names_hold_still_unless_the_keywords_speak_for_the_new_one() -> None:
    old = learn([LATE, RUDE, RECIPES])
    same = [
        later(LATE, name="slow parcels", source="late parcels", keywords=("parcels", "late", "slow")),
        RUDE,
        RECIPES,
    ]
    assert names(continue_themes(old, learn(same, prefix="new ")))[id_of("late parcels")] == "late parcels"
    other = [later(LATE, name="missing boxes", source="late parcels", keywords=("boxes", "missing")), RUDE, RECIPES]
    assert names(continue_themes(old, learn(other, prefix="new ")))[id_of("late parcels")] == "missing boxes"


def test_a_name_that_a_person_gave_holds_still_in_any_case() -> None:
    old = learn([LATE, RUDE, RECIPES])
    named = replace(old, settings={"edits": {"applied": [1], "named": [id_of("late parcels")]}})
    other = [later(LATE, name="missing boxes", source="late parcels", keywords=("boxes", "missing")), RUDE, RECIPES]
    found = continue_themes(named, learn(other, prefix="new "))
    assert names(found)[id_of("late parcels")] == "late parcels"
    assert "edits" not in found.settings


def test_a_new_theme_gives_way_to_the_name_of_an_old_one() -> None:
    old = learn([LATE, RUDE, RECIPES])
    new = learn([LATE, RUDE, RECIPES, Leaf("Late parcels", {4: 1.0}, keywords=("abroad",))], prefix="new ")
    assert sorted(names(continue_themes(old, new)).values()) == [
        "Late parcels (abroad)",
        "late parcels",
        "recipe cards",
        "rude drivers",
    ]


def test_an_id_never_comes_to_mean_another_theme() -> None:
    old = learn([LATE, RUDE, RECIPES])
    first = continue_themes(old, learn([RUDE, RECIPES, PRICE], prefix="new "))  # late parcels are retired
    impostor = learn([RUDE, RECIPES, PRICE, Leaf("app crashes", {6: 1.0})], prefix="newer ")
    stolen = id_of("late parcels")
    new = replace(
        impostor,
        themes=tuple(
            replace(each, theme_id=stolen) if each.name == "app crashes" else each for each in impostor.themes
        ),
        owners=tuple(stolen if each == id_of("newer app crashes") else each for each in impostor.owners),
        members=impostor.members.with_columns(
            theme_id=impostor.members["theme_id"].replace(id_of("newer app crashes"), stolen)
        ),
    )
    found = continue_themes(first, new)
    assert stolen not in names(found)
    assert by_name(found, "app crashes").born == 3
    assert found.version == 3


def test_a_given_theme_is_only_ever_itself() -> None:
    given = {"kind": ThemeKind.GIVEN}
    old = learn([later(LATE, more=given), RUDE, RECIPES])
    found = continue_themes(old, learn([LATE, RUDE, RECIPES], prefix="new "))
    assert by_name(found, "late parcels").theme_id != id_of("late parcels")
    again = continue_themes(old, learn([later(LATE, more=given, axes={6: 1.0}), RUDE, RECIPES]))
    assert by_name(again, "late parcels").theme_id == id_of("late parcels")


def test_a_given_theme_that_comes_back_has_its_id_again() -> None:
    given = {"kind": ThemeKind.GIVEN}
    first = learn([later(LATE, more=given), RUDE, RECIPES])
    without = continue_themes(first, learn([RUDE, RECIPES, APP], prefix="new "))
    back = continue_themes(without, learn([later(LATE, more=given), RUDE, RECIPES]))
    assert by_name(back, "late parcels").theme_id == id_of("late parcels")


def pin(theme_set: ThemeSet, *pinned: str) -> ThemeSet:
    return replace(theme_set, themes=tuple(replace(each, pinned=each.name in pinned) for each in theme_set.themes))


def test_a_pinned_theme_that_is_not_found_again_stays_with_its_prototype_and_segments() -> None:
    old = pin(learn([LATE, RUDE, RECIPES, PRICE]), "price rises")
    swallowed = [LATE, RUDE, later(RECIPES, segments=16), Leaf("app crashes", {6: 1.0})]
    new = learn(swallowed, prefix="new ")
    found = continue_themes(old, new)
    kept = by_name(found, "price rises")
    assert (kept.theme_id, kept.pinned, kept.born) == (id_of("price rises"), True, 1)
    assert found.owners.count(kept.theme_id) == 1
    place = found.prototypes[found.owners.index(kept.theme_id)]
    assert np.isclose(np.linalg.norm(place), 1.0, atol=1e-3)
    notes = [event.note for event in found.history if event.before == (kept.theme_id,)]
    assert notes == ["'price rises' was not found again; it is pinned and stays as it was"]


def test_segments_that_are_nearest_to_a_pinned_theme_go_to_it() -> None:
    old = pin(learn([LATE, RUDE, RECIPES, PRICE]), "price rises")
    fresh = learn([LATE, RUDE, RECIPES, later(PRICE, start=500)], prefix="new ")  # other segments about prices ...
    lost, taker = id_of("new price rises"), id_of("new recipe cards")
    rows = [place for place, owner in enumerate(fresh.owners) if owner != lost]
    new = replace(  # ... which the fit threw together with the recipe cards
        fresh,
        themes=tuple(each for each in fresh.themes if each.theme_id != lost),
        owners=tuple(fresh.owners[row] for row in rows),
        prototypes=fresh.prototypes[rows],
        members=fresh.members.with_columns(theme_id=fresh.members["theme_id"].replace(lost, taker)),
    )
    found = continue_themes(old, new)
    home = dict(found.members.select("segment_id", "theme_id").iter_rows())
    assert {home[f"price-rises-{number}:0-20"] for number in range(500, 508)} == {id_of("price rises")}
    assert {home[f"recipe-cards-{number}:0-20"] for number in range(16)} == {id_of("recipe cards")}


def test_a_pinned_theme_with_sub_themes_stays_above_them() -> None:
    old = pin(learn(TREE), "delivery")
    flat = learn([LATE, RECIPES, BROWN, PRICE, APP], prefix="new ")
    found = continue_themes(old, flat)
    delivery = found.theme(id_of("delivery"))
    below = {each.name for each in found.themes if each.parent_theme_id == delivery.theme_id}
    assert below == {"late parcels", "rude drivers"}
    assert delivery.pinned


def test_exceptions_of_themes_that_are_gone_are_forgotten() -> None:
    old = learn([LATE, RUDE, RECIPES, PRICE])
    exceptions = old.prototypes[:2]
    old = replace(old, exceptions=exceptions, exception_themes=(id_of("price rises"), None))
    found = continue_themes(old, learn([LATE, RUDE, RECIPES, APP], prefix="new "))
    assert found.exception_themes == (None,)
    assert found.exceptions.shape == (1, 8)


def test_sets_of_two_encoders_are_refused() -> None:
    with pytest.raises(ModelProblem, match="toy-8, the other with else-8"):
        continue_themes(learn(PLAN), replace(learn(PLAN), encoder_id="else-8"))


def test_a_set_without_themes_can_be_continued() -> None:
    none = learn([LATE])
    none = replace(none, themes=(), owners=(), prototypes=none.prototypes[:0], members=none.members.clear())
    found = continue_themes(none, learn(PLAN, prefix="new "))
    assert {event.change for event in found.history} == {Change.BORN}
    gone = continue_themes(learn(PLAN), none)
    assert gone.themes == ()
    assert len(changes(gone, Change.RETIRED)) == len(PLAN)


def test_every_id_of_the_members_is_a_theme() -> None:
    found = continue_themes(learn(TREE), learn([later(each, start=4) for each in TREE[:4]], prefix="new "))
    leaves = {theme.theme_id for theme in found.leaves()}
    assert set(found.members.drop_nulls("theme_id")["theme_id"]) <= leaves
    assert set(found.owners) == leaves
    assert all(isinstance(each, Theme) for each in found.themes)
