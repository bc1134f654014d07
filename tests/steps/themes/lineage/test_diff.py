from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from languages import NAMING
from theme_world import APP, BROWN, LATE, PLAN, PRICE, RECIPES, RUDE, TREE, Leaf, id_of, learn

from textcx.domain.errors import ModelProblem
from textcx.domain.themes.edits import Action, Edit
from textcx.domain.themes.sets import Change
from textcx.steps.themes.editing.edits import apply_edits
from textcx.steps.themes.lineage.diff import DiffLine, diff
from textcx.steps.themes.lineage.lineage import continue_themes

continue_themes = partial(continue_themes, stop_words=NAMING.stop_words)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHOLE = Leaf("late parcels", {1: 1.0}, 30, source="late")
PARTS = [
    Leaf("late in winter", {1: 1.0, 2: 0.25}, 18, source="late"),
    Leaf("late at weekends", {1: 1.0, 3: 0.35}, 12, source="late", start=18),
]


def told(lines: list[DiffLine]) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(line.change.value, line.name_before, line.name_after) for line in lines if not line.unchanged]


def test_a_set_compared_with_itself_shows_nothing() -> None:
    lines = diff(learn(TREE), learn(TREE))
    assert len(lines) == len(learn(TREE).themes)
    assert all(line.unchanged for line in lines)
    assert {line.name_before: line.size_before for line in lines}["delivery"] == 24


def test_a_fit_is_compared_with_the_one_before_by_ids() -> None:
    old = learn([WHOLE, RUDE, RECIPES, PRICE])
    new = continue_themes(old, learn([*PARTS, RUDE, RECIPES, APP], prefix="new "))
    lines = diff(old, new)
    assert told(lines) == [
        ("continued", "late parcels", ("late parcels",)),
        ("split", "late parcels", ("late at weekends",)),
        ("born", None, ("app crashes",)),
        ("retired", "price rises", ()),
    ]
    late, part = (line for line in lines if line.name_before == "late parcels")
    assert (late.size_before, late.size_after, late.moved_in, late.moved_out) == (30, 18, 0, 12)
    assert (part.size_before, part.size_after, part.moved_in, part.moved_out) == (0, 12, 12, 0)


def test_themes_that_were_merged_say_into_what() -> None:
    old = learn([*PARTS, RUDE, RECIPES])
    new = continue_themes(old, learn([WHOLE, RUDE, RECIPES], prefix="new "))
    merged = [line for line in diff(old, new) if line.change is Change.MERGED]
    assert [(line.name_before, line.after) for line in merged] == [("late at weekends", (id_of("late in winter"),))]
    assert merged[0].moved_out == 12


def test_what_happened_over_several_versions_is_put_together() -> None:
    first = learn([WHOLE, RUDE, RECIPES])
    second = continue_themes(first, learn([*PARTS, RUDE, RECIPES], prefix="new "))
    third = continue_themes(
        second, learn([replace(PARTS[0], name="winter"), *PARTS[1:], RUDE, RECIPES, APP], prefix="newer ")
    )
    lines = diff(first, third)
    assert [line.name_after for line in lines if line.change is Change.SPLIT] == [("late at weekends",)]
    back = continue_themes(third, learn([WHOLE, RUDE, RECIPES, APP], prefix="newest "))
    assert [line.change for line in diff(first, back) if not line.unchanged] == [Change.BORN]


def test_sets_without_a_common_history_are_compared_by_what_they_are_about() -> None:
    other = learn([replace(leaf, name=f"our {leaf.name}") for leaf in PLAN[:5]], prefix="else ", set_id="s7")
    lines = diff(learn(PLAN), other)
    assert ("continued", "late parcels", ("our late parcels",)) in told(lines)
    assert told(lines)[-1] == ("retired", "app crashes", ())


def test_sets_without_a_common_history_need_the_same_encoder() -> None:
    with pytest.raises(ModelProblem, match="cannot be compared"):
        diff(learn(PLAN), replace(learn(PLAN), set_id="s7", encoder_id="other"))


def test_edits_by_hand_show_in_a_comparison() -> None:
    fitted = learn(TREE)
    edits = [
        Edit(number=1, when=NOON, action=Action.MERGE, version=1, themes=(id_of("price rises"), id_of("app crashes"))),
        Edit(number=2, when=NOON, action=Action.SPLIT, version=1, themes=(id_of("delivery"),)),
        Edit(number=3, when=NOON, action=Action.SPLIT, version=1, themes=(id_of("brown lettuce"),)),
    ]
    lines = diff(fitted, apply_edits(fitted, edits).theme_set)
    assert ("merged", "app crashes", ("price rises",)) in told(lines)
    assert ("split", "delivery", ("late parcels", "rude drivers")) in told(lines)
    assert sorted(line.name_after for line in lines if line.name_before == "brown lettuce" and line.size_after) == [
        ("brown lettuce 1",),
        ("brown lettuce 2",),
    ]


def test_every_theme_of_either_set_is_told_of() -> None:
    old = learn(TREE)
    new = continue_themes(old, learn([LATE, RECIPES, BROWN, APP, PARTS[1]], prefix="new "))
    lines = diff(old, new)
    after = [line.after[0] for line in lines if line.size_after]
    assert sorted(after) == sorted(theme.theme_id for theme in new.themes)
    gone = {line.before for line in lines if not line.size_after}
    assert gone == {theme.theme_id for theme in old.themes} - {theme.theme_id for theme in new.themes}
