from __future__ import annotations

import numpy as np
import pytest
from theme_world import TREE, id_of, learn, vector_of

from textcx.domain.themes.sets import Theme
from textcx.steps.themes.geometry.closeness import in_parts, places, taken_over
from textcx.steps.themes.geometry.lattice import directions, off_lattice, seen_from
from textcx.steps.themes.geometry.tree import (
    children_of,
    leaves_below,
    move,
    numbered,
    sizes,
    tidy,
    unique_name,
)


def tree(*rows: tuple[str, str | None, int]) -> dict[str, Theme]:
    return {each: Theme(theme_id=each, parent_theme_id=up, level=level, name=each) for each, up, level in rows}


DEEP = tree(("a", None, 1), ("b", "a", 2), ("c", "a", 2), ("d", "b", 3), ("e", "b", 3))


def test_leaves_and_sizes_are_known_for_every_theme() -> None:
    assert leaves_below(list(DEEP.values())) == {
        "a": ("c", "d", "e"),
        "b": ("d", "e"),
        "c": ("c",),
        "d": ("d",),
        "e": ("e",),
    }
    assert sizes(learn(TREE))[id_of("delivery")] == 24


def test_an_only_child_is_dissolved_in_its_parent() -> None:
    kept, taken = tidy(tree(("a", None, 1), ("b", "a", 2)), owning={"b"})
    assert list(kept) == ["a"]
    assert taken == {"b": "a"}


def test_the_children_of_an_only_child_move_up() -> None:
    kept, taken = tidy({each: DEEP[each] for each in "abde"}, owning={"d", "e"})
    assert {each: (theme.parent_theme_id, theme.level) for each, theme in kept.items()} == {
        "a": (None, 1),
        "d": ("a", 2),
        "e": ("a", 2),
    }
    assert taken == {"b": "a"}


def test_a_chain_of_only_children_ends_in_the_topmost() -> None:
    kept, taken = tidy(tree(("a", None, 1), ("b", "a", 2), ("c", "b", 3)), owning={"c"})
    assert list(kept) == ["a"]
    assert taken == {"b": "a", "c": "a"}


def test_a_theme_that_nothing_is_left_of_goes() -> None:
    kept, taken = tidy(DEEP, owning={"c"})
    assert list(kept) == ["a"]
    assert taken["c"] == "a"


def test_a_theme_moves_with_all_below_it() -> None:
    themes = dict(DEEP)
    move(themes, "b", parent=None)
    assert [(each, themes[each].level) for each in "bde"] == [("b", 1), ("d", 2), ("e", 2)]
    assert children_of(themes.values())["b"] == ["d", "e"]


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ((), "Late parcels"),
        (("late parcels",), "Late parcels (winter)"),
        (("late parcels", "late parcels (winter)"), "Late parcels 2"),
        (("late parcels", "late parcels (winter)", "late parcels 2"), "Late parcels 3"),
    ],
)
def test_a_name_that_is_taken_is_told_apart(taken: tuple[str, ...], name: str) -> None:
    assert unique_name("Late parcels", ("late", "winter", "one two three four"), taken) == name


def test_a_numbered_name_has_at_most_five_words() -> None:
    names = numbered("one two three four five", start=1)
    assert [next(names), next(names)] == ["one two three four 1", "one two three four 2"]


def test_parts_do_not_depend_on_the_order_of_segments() -> None:
    points = directions(np.stack([vector_of(f"a{n}", {1 + n % 3: 1.0}) for n in range(60)]))
    one = in_parts(points, parts=3)
    other = in_parts(points[::-1], parts=3)
    assert one is not None
    assert other is not None
    assert np.array_equal(one, other)
    labels = (points @ one.T).argmax(axis=1)
    assert all(len(set(labels[start::3])) == 1 for start in range(3))


def test_too_few_different_segments_have_no_parts() -> None:
    points = directions(np.stack([vector_of("a", {1: 1.0})] * 5))
    assert in_parts(points, parts=2) is None


def test_a_direction_means_the_same_place_from_another_origin_and_back() -> None:
    one, other = learn(TREE), learn(TREE[:4])
    moved = taken_over(one, one.prototypes, other)
    assert not np.allclose(moved, one.prototypes, atol=0.02)
    assert np.allclose(taken_over(other, moved, one), one.prototypes, atol=0.05)
    assert taken_over(one, one.prototypes, one) is not None
    assert np.array_equal(taken_over(one, one.prototypes, one), one.prototypes)


def test_a_place_seen_from_its_own_origin_is_its_direction() -> None:
    found = learn(TREE)
    seen = directions(places(found, found.prototypes) - found.origin)
    assert np.allclose(off_lattice(seen), found.prototypes, atol=1e-3)
    vectors = found.sample.astype(np.float32)
    lengths = np.linalg.norm(off_lattice(seen_from(found.origin, vectors)), axis=1)
    assert np.allclose(lengths, 1.0, atol=1e-3)
