"""A team's taxonomy: ids for life, a tree, and every contradiction told at once."""

from __future__ import annotations

import pytest

from textcx.domain.errors import BadSetting
from textcx.domain.themes.seed_topics import SeedTopic, ThemeTaxonomy, problems
from textcx.domain.themes.sets import ThemeKind


def a_theme(name: str, *, parent: str | None = None, examples: tuple[str, ...] | None = None) -> SeedTopic:
    return SeedTopic(name=name, parent=parent, examples=(f"they speak of {name}",) if examples is None else examples)


def an_upper(name: str, *, parent: str | None = None) -> SeedTopic:
    return SeedTopic(name=name, parent=parent)


def test_a_theme_keeps_its_id_whatever_its_case_spaces_place_and_examples() -> None:
    one = SeedTopic(name="Late delivery", examples=("it came a week late",))
    other = SeedTopic(name="  late   DELIVERY ", description="Parcels after the date", parent="Logistics")
    assert one.theme_id == other.theme_id
    assert one.theme_id != SeedTopic(name="Late deliveries").theme_id


def test_the_texts_of_a_theme_are_its_name_description_keywords_and_examples() -> None:
    theme = SeedTopic(name="Price", description="What it costs", keywords=("cost", "fee"), examples=("too dear",))
    assert theme.texts() == ("Price", "What it costs", "cost, fee", "too dear")


def test_the_tree_has_parents_first_levels_and_given_kinds() -> None:
    taxonomy = ThemeTaxonomy(
        (
            a_theme("Late parcel", parent="delivery"),
            a_theme("Price"),
            an_upper("Delivery"),
            a_theme("Lost parcel", parent="Delivery"),
        )
    )
    tree = taxonomy.tree()
    assert [(theme.name, theme.level, theme.born) for theme in tree] == [
        ("Price", 1, 1), ("Delivery", 1, 1), ("Late parcel", 2, 1), ("Lost parcel", 2, 1),
    ]  # fmt: skip
    assert {theme.kind for theme in tree} == {ThemeKind.GIVEN}
    assert tree[2].parent_theme_id == tree[1].theme_id
    assert {theme.name for theme in taxonomy.leaves()} == {"Late parcel", "Price", "Lost parcel"}


def test_leaves_come_in_the_same_order_whatever_the_order_of_the_file() -> None:
    themes = tuple(a_theme(name) for name in ("Price", "Taste", "Delivery", "Support"))
    assert ThemeTaxonomy(themes).leaves() == ThemeTaxonomy(themes[::-1]).leaves()


@pytest.mark.parametrize(
    ("themes", "said"),
    [
        ((), "it has no themes"),
        ((a_theme("Price"), a_theme(" PRICE ", examples=("costs too much",))), "theme 'PRICE' stands there twice"),
        ((a_theme("  "),), "theme 1 has an empty name"),
        ((a_theme("one two three four five six"),), "has 6 words in its name"),
        ((a_theme("Price", examples=("dear",)),), "theme 'Price': example 1 is too short"),
        ((a_theme("Price", examples=("so a",)),), "theme 'Price': example 1 is too short"),
        ((a_theme("Price", examples=()),), "theme 'Price' has neither examples nor a description"),
        ((a_theme("Price", examples=("far too dear",)), a_theme("Cost", examples=("Far too  dear",))), "theme 'Cost': example 1 is also one of theme 'Price'"),
        ((a_theme("Price", parent="Money"), a_theme("Taste")), "theme 'Price' has the parent 'Money', which is no theme here; there are 'Taste'"),
        ((an_upper("A", parent="B"), an_upper("B", parent="A")), "A > B > A: these themes are their own parents"),
        ((an_upper("A", parent="a"),), "A > A: these themes are their own parents"),
        ((a_theme("A"), a_theme("B", parent="A"), a_theme("C", parent="A")), "theme 'A' has themes below it, and only those are matched"),
        ((an_upper("A"), a_theme("B", parent="A")), "theme 'A' has a single theme below it, 'B'"),
        ((an_upper("A"), an_upper("B", parent="A"), an_upper("C", parent="B"), a_theme("D", parent="C")), "theme 'D' stands on level 4"),
    ],
)  # fmt: skip
def test_each_contradiction_is_told_by_the_theme_it_is_in(themes: tuple[SeedTopic, ...], said: str) -> None:
    assert any(said in line for line in problems(themes)), problems(themes)


def test_all_contradictions_are_told_at_once() -> None:
    with pytest.raises(BadSetting) as caught:
        ThemeTaxonomy((a_theme("Price", examples=("dear",)), a_theme("price"), a_theme("", parent="Nowhere")))
    told = str(caught.value)
    assert all(part in told for part in ("too short", "twice", "empty name", "Nowhere"))


def test_a_circle_is_told_once() -> None:
    circle = (an_upper("A", parent="B"), an_upper("B", parent="C"), an_upper("C", parent="A"))
    assert sum("own parents" in line for line in problems(circle)) == 1


def test_a_sound_taxonomy_has_no_problems() -> None:
    assert problems((an_upper("A"), a_theme("B", parent="A"), a_theme("C", parent="A"), a_theme("D"))) == []
