from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from languages import NAMING
from theme_world import APP, BROWN, LATE, PLAN, RECIPES, RUDE, TREE, id_of, learn

from textcx.commands.theme_sets import compare, edit, place_of, read_edit, show
from textcx.domain.errors import Conflict, NotFound, WrongUse
from textcx.domain.themes.edits import Action
from textcx.steps.themes.lineage.lineage import continue_themes
from textcx.store.theme_sets.directory import read_edits, save
from textcx.wiring.theme_sets import load_edited

if TYPE_CHECKING:
    from pathlib import Path

continue_themes = partial(continue_themes, stop_words=NAMING.stop_words)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    save(learn(TREE), tmp_path / "set")
    return tmp_path / "set"


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.startswith("  ")]


def test_the_whole_tree_is_shown_with_sizes_and_marks(place: Path) -> None:
    edit(place, {"pin": "the box"}, when=NOON)
    edit(place, {"hide": "app crashes"}, when=NOON)
    text = show(place)
    assert "version 1, 8 themes (6 on the finest level), 2 edits" in text
    assert "Learned from 70 segments, 2 (2.9%) of them in no theme; encoder toy-8" in text
    names = [line for line in text.splitlines() if line.startswith("  ")]
    assert names[1].startswith("  the box")
    assert names[2].startswith("    recipe cards")
    assert [row[-4] for row in rows(text) if "box" in row] == ["0.90"] or "pinned" in names[1]
    assert "pinned" in names[1]
    assert "hidden" in next(line for line in names if "app crashes" in line)


def test_one_level_is_shown_flat(place: Path) -> None:
    assert [line.split("  ")[1] for line in show(place, level=1).splitlines()[4:]] == [
        "the box",
        "delivery",
        "app crashes",
        "price rises",
    ]
    assert len(rows(show(place, level=3))) == 1 + 6


def test_a_set_inside_an_analysis_is_found(place: Path) -> None:
    analysis = place.parent / "analysis"
    analysis.mkdir()
    place.rename(analysis / "themes")
    assert place_of(analysis) == analysis / "themes"
    assert "8 themes" in show(analysis)


def test_the_copy_that_an_analysis_keeps_is_shown_but_not_edited(place: Path, tmp_path: Path) -> None:
    edit(place, {"rename": "delivery=couriers"}, when=NOON)
    save(load_edited(place), tmp_path / "analysis" / "themes")
    assert "couriers" in show(tmp_path / "analysis")
    assert "1 edit" in show(tmp_path / "analysis")
    assert "8 go on" in compare(tmp_path / "analysis", place)
    with pytest.raises(WrongUse, match="use the theme set itself"):
        edit(tmp_path / "analysis", {"pin": "couriers"}, when=NOON)


def test_a_directory_without_a_set_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no theme set, and neither does"):
        show(tmp_path)
    with pytest.raises(NotFound, match="is not there"):
        show(tmp_path / "nowhere")


def test_two_sets_are_compared(place: Path, tmp_path: Path) -> None:
    later = continue_themes(learn(PLAN), learn([LATE, RUDE, RECIPES, BROWN, APP], prefix="new "))
    save(learn(PLAN), tmp_path / "one")
    save(later, tmp_path / "other")
    edit(tmp_path / "other", {"rename": "late parcels=deliveries"}, when=NOON)
    text = compare(tmp_path / "one", tmp_path / "other")
    assert "compared by their ids" in text
    assert "5 go on, 1 not found again" in text
    assert "is now deliveries" in text
    assert "4 themes unchanged but for the number of segments; --all lists them, too" in text
    assert len(rows(compare(tmp_path / "one", tmp_path / "other", everything=True))) == 1 + 6


def test_an_edit_is_written_down_and_said(place: Path) -> None:
    text = edit(place, {"merge": "price rises, App crashes"}, when=NOON, who="Ada")
    assert text.startswith(
        "Edit 1: merge 'app crashes' into 'price rises'\n11 segments of 11 records get another theme:\n"
    )
    assert [
        "11",
        "app",
        "crashes",
        "price",
        "rises",
        "app-crashes-0,",
        "app-crashes-1,",
        "app-crashes-10,",
        "app-crashes-2,",
        "app-crashes-3",
    ] in rows(text)
    [made] = read_edits(place)
    assert (made.who, made.when, made.themes) == ("Ada", NOON, (id_of("price rises"), id_of("app crashes")))
    assert "app crashes" not in {theme.name for theme in load_edited(place).themes}


def test_a_dry_run_says_the_same_and_writes_nothing(place: Path) -> None:
    split = {"split": "recipe cards"}
    before = {path.name: path.read_bytes() for path in place.iterdir()}
    dry = edit(place, split, when=NOON, dry_run=True)
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert dry.startswith("Would be edit 1: split 'recipe cards'")
    assert "Nothing was written" in dry
    wet = edit(place, split, when=NOON)
    assert dry.splitlines()[1:-2] == wet.splitlines()[1:]


def test_a_merge_of_main_themes_says_what_moves_on_their_level(place: Path) -> None:
    text = edit(place, {"merge": "delivery, the box"}, when=NOON)
    assert "25 segments of 25 records get another theme on level 1:" in text


def test_an_edit_is_undone_by_its_number(place: Path) -> None:
    edit(place, {"rename": "delivery=couriers"}, when=NOON)
    text = edit(place, {"undo": "1"}, when=NOON)
    assert "Edit 2: undo edit 1 (rename 'delivery' to 'couriers')" in text
    assert "delivery" in {theme.name for theme in load_edited(place).themes}


def test_an_edit_that_is_refused_is_not_written(place: Path) -> None:
    with pytest.raises(Conflict):
        edit(place, {"rename": "delivery=The box"}, when=NOON)
    with pytest.raises(NotFound, match="did you mean"):
        edit(place, {"pin": "deliver"}, when=NOON)
    assert read_edits(place) == []


@pytest.mark.parametrize(
    ("action", "value", "fields"),
    [
        (Action.RENAME, "t1= late = bad ", {"themes": ("t1",), "name": "late = bad"}),
        (Action.MERGE, "t1, late parcels,t3", {"themes": ("t1", "late parcels", "t3"), "name": None}),
        (Action.SPLIT, "t1", {"themes": ("t1",), "parts": None}),
        (Action.SPLIT, "late parcels=3", {"themes": ("late parcels",), "parts": 3}),
        (Action.TOGETHER, "r1:0-4,r2:5-9", {"segments": ("r1:0-4", "r2:5-9")}),
        (Action.UNDO, "4", {"undoes": 4}),
        (Action.HIDE, " t1 ", {"themes": ("t1",)}),
    ],
)
def test_what_is_written_on_the_command_line_is_understood(action: Action, value: str, fields: dict[str, Any]) -> None:
    assert read_edit(action, value) == (action, fields)


@pytest.mark.parametrize(
    ("action", "value", "hint"),
    [
        (Action.RENAME, "t1", "--rename ID=NAME"),
        (Action.RENAME, "t1=", "--rename ID=NAME"),
        (Action.MERGE, "t1,", "--merge ID,ID"),
        (Action.SPLIT, "t1=two", "--split ID or ID=NUMBER"),
        (Action.SPLIT, "t1=", "--split ID or ID=NUMBER"),
        (Action.APART, "r1:0-4", "--apart SEG,SEG"),
        (Action.UNDO, "last", "--undo NUMBER"),
        (Action.PIN, " ", "--pin ID"),
    ],
)
def test_what_is_written_otherwise_is_refused_with_the_way_to_write_it(action: Action, value: str, hint: str) -> None:
    with pytest.raises(WrongUse, match=f"write {hint}$"):
        read_edit(action, value)


def test_one_edit_is_made_at_a_time(place: Path) -> None:
    with pytest.raises(WrongUse, match="none was given"):
        edit(place, {}, when=NOON)
    with pytest.raises(WrongUse, match="given were --pin, --hide"):
        edit(place, {"pin": "t1", "hide": "t2"}, when=NOON)
    with pytest.raises(WrongUse, match="does not go with --pin"):
        edit(place, {"pin": "t1"}, into="x", when=NOON)
    assert read_edit("merge", "t1,t2", into="both")[1]["name"] == "both"
