from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from languages import NAMING
from theme_world import PLAN, TREE, id_of, learn

from textcx.domain.errors import Conflict, ModelProblem, NotFound, OutputExists, WrongUse
from textcx.domain.themes.edits import Action, Edit
from textcx.domain.themes.sets import Change, LineageEvent, StrengthCurve, ThemeKind, ThemeSet
from textcx.steps.themes.lineage.lineage import continue_themes
from textcx.store.theme_sets.directory import append_edits, is_theme_set, load, read_edits, save
from textcx.wiring.theme_sets import load_edited

continue_themes = partial(continue_themes, stop_words=NAMING.stop_words)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST = Path(__file__).parents[2] / "data" / "theme_sets" / "v1"


def edit(number: int, name: str = "deliveries") -> Edit:
    return Edit(number=number, when=NOON, action=Action.RENAME, version=1, themes=(id_of("late parcels"),), name=name)


def full() -> ThemeSet:
    """A set in which every field holds something."""
    fitted = learn(TREE)
    first = fitted.themes[0]
    return replace(
        fitted,
        themes=(
            replace(first, stability=None, pinned=True, hidden=True, kind=ThemeKind.GIVEN, born=2),
            *fitted.themes[1:],
        ),
        exceptions=fitted.prototypes[:2],
        exception_themes=(id_of("late parcels"), None),
        history=(
            LineageEvent(version=2, change=Change.BORN, before=(), after=(first.theme_id,), note="'délivery' is new"),
        ),
        settings={"seed": 7, "shares": [0.5, None]},
    )


def assert_equal(one: ThemeSet, other: ThemeSet) -> None:
    for name in ThemeSet.__slots__:
        mine, yours = getattr(one, name), getattr(other, name)
        if isinstance(mine, np.ndarray):
            assert mine.dtype == yours.dtype, name
            assert np.array_equal(mine, yours), name
        elif isinstance(mine, pl.DataFrame):
            assert mine.equals(yours), name
        else:
            assert mine == yours, name


def test_a_set_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    save(full(), tmp_path / "set")
    assert_equal(load_edited(tmp_path / "set"), full())


def test_a_set_without_themes_or_sample_comes_back_too(tmp_path: Path) -> None:
    fitted = learn(PLAN)
    bare = replace(
        fitted, themes=(), owners=(), prototypes=fitted.prototypes[:0], members=fitted.members.clear(), sample_ids=(), sample=fitted.sample[:0]
    )  # fmt: skip
    save(bare, tmp_path / "set")
    assert_equal(load_edited(tmp_path / "set"), bare)


def test_the_same_set_gives_the_same_bytes(tmp_path: Path) -> None:
    for place in ("one", "other"):
        save(full(), tmp_path / place)
    files = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "other").iterdir()}


def test_no_file_of_a_set_is_a_pickle(tmp_path: Path) -> None:
    save(full(), tmp_path / "set")
    assert sorted(path.suffix for path in (tmp_path / "set").iterdir()) == [
        ".json",
        ".parquet",
        ".parquet",
        ".safetensors",
    ]


def test_another_encoder_is_refused_and_both_are_named(tmp_path: Path) -> None:
    save(full(), tmp_path / "set")
    assert load_edited(tmp_path / "set", encoder_id="toy-8").encoder_id == "toy-8"
    with pytest.raises(ModelProblem, match="made with the encoder toy-8, but the one in use is mini-v2"):
        load_edited(tmp_path / "set", encoder_id="mini-v2")


def test_a_later_version_takes_the_place_of_the_one_before_and_the_edits_stay(tmp_path: Path) -> None:
    save(learn(PLAN), tmp_path / "set")
    append_edits(tmp_path / "set", [edit(1)])
    later = continue_themes(learn(PLAN), learn(PLAN[:5], prefix="new "))
    save(later, tmp_path / "set")
    assert_equal(load(tmp_path / "set"), later)
    assert load_edited(tmp_path / "set").theme(id_of("late parcels")).name == "deliveries"
    assert len(list((tmp_path / "set").iterdir())) == 5


def test_edits_are_applied_when_a_set_is_read(tmp_path: Path) -> None:
    save(learn(PLAN), tmp_path / "set")
    append_edits(tmp_path / "set", [edit(1), edit(2, "late boxes")])
    assert load_edited(tmp_path / "set").theme(id_of("late parcels")).name == "late boxes"
    assert load(tmp_path / "set").theme(id_of("late parcels")).name == "late parcels"
    assert [each.number for each in read_edits(tmp_path / "set")] == [1, 2]


def test_a_set_with_edits_applied_never_takes_the_place_of_the_set(tmp_path: Path) -> None:
    save(learn(PLAN), tmp_path / "set")
    append_edits(tmp_path / "set", [edit(1)])
    with pytest.raises(WrongUse, match="save it as it was fitted"):
        save(load_edited(tmp_path / "set"), tmp_path / "set")


def test_a_copy_of_a_set_with_its_edits_applied_is_read_as_it_is(tmp_path: Path) -> None:
    save(learn(PLAN), tmp_path / "set")
    append_edits(tmp_path / "set", [edit(1)])
    used = load_edited(tmp_path / "set")
    save(used, tmp_path / "analysis" / "themes")
    assert_equal(load_edited(tmp_path / "analysis" / "themes"), used)


def test_edits_are_numbered_on(tmp_path: Path) -> None:
    save(learn(PLAN), tmp_path / "set")
    append_edits(tmp_path / "set", [edit(1)])
    with pytest.raises(Conflict, match="has 1 edits now, so the next is 2, not 1"):
        append_edits(tmp_path / "set", [edit(1)])
    assert len(read_edits(tmp_path / "set")) == 1


def test_what_is_no_set_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is not there"):
        load_edited(tmp_path / "nowhere")
    with pytest.raises(NotFound, match=r"holds no theme set: there is no set\.json"):
        load_edited(tmp_path)
    with pytest.raises(NotFound):
        append_edits(tmp_path, [edit(1)])
    assert not is_theme_set(tmp_path)


def test_nothing_else_is_replaced_by_a_set(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "diary.txt").write_text("mine")
    with pytest.raises(OutputExists, match="something that is no theme set"):
        save(full(), tmp_path / "notes")
    with pytest.raises(OutputExists, match="is a file"):
        save(full(), tmp_path / "notes" / "diary.txt")
    save(full(), tmp_path / "set")
    with pytest.raises(OutputExists, match=r"another theme set \(s1\)"):
        save(replace(full(), set_id="s2"), tmp_path / "set")


@pytest.mark.parametrize("part", ["vectors", "members", "sample"])
def test_a_missing_file_is_named(tmp_path: Path, part: str) -> None:
    save(full(), tmp_path)
    [path] = tmp_path.glob(f"{part}-*")
    path.unlink()
    with pytest.raises(ModelProblem, match=f"{path.name} is missing"):
        load_edited(tmp_path)


@pytest.mark.parametrize("part", ["vectors", "members", "sample"])
def test_a_damaged_file_is_named_however_small_the_damage(tmp_path: Path, part: str) -> None:
    save(full(), tmp_path)
    [path] = tmp_path.glob(f"{part}-*")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelProblem, match=f"{path.name} is damaged"):
        load_edited(tmp_path)


def changed(directory: Path, **more: object) -> None:
    told = json.loads((directory / "set.json").read_text(encoding="utf-8"))
    (directory / "set.json").write_text(json.dumps({**told, **more}), encoding="utf-8")


@pytest.mark.parametrize(
    "more",
    [
        {"version": None},
        {"files": {}},
        {"themes": []},
        {"owners": ["t1"]},
        {"curve": {}},
        {"format": "one"},
        {"history": [1]},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_set_file_that_contradicts_itself_is_damaged(tmp_path: Path, more: dict[str, object]) -> None:
    save(full(), tmp_path)
    changed(tmp_path, **more)
    with pytest.raises(ModelProblem, match=r"set\.json is damaged"):
        load_edited(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_set_file_that_is_no_json_is_damaged(tmp_path: Path, content: bytes) -> None:
    save(full(), tmp_path)
    (tmp_path / "set.json").write_bytes(content)
    with pytest.raises(ModelProblem, match=r"set\.json is damaged"):
        load_edited(tmp_path)


def test_a_file_outside_the_set_is_never_read(tmp_path: Path) -> None:
    save(full(), tmp_path / "set")
    told = json.loads((tmp_path / "set" / "set.json").read_text(encoding="utf-8"))
    told["files"]["sample"]["name"] = "../elsewhere.parquet"
    changed(tmp_path / "set", files=told["files"])
    with pytest.raises(ModelProblem, match="damaged"):
        load_edited(tmp_path / "set")


def test_a_later_format_is_refused_and_both_versions_are_named(tmp_path: Path) -> None:
    save(full(), tmp_path)
    changed(tmp_path, format=2, textcx="9.1")
    with pytest.raises(ModelProblem, match=r"written by textcx 9\.1 in format 2; .* reads up to format 1"):
        load_edited(tmp_path)


def test_what_a_later_version_added_is_passed_over(tmp_path: Path) -> None:
    save(full(), tmp_path)
    told = json.loads((tmp_path / "set.json").read_text(encoding="utf-8"))
    for theme in told["themes"]:
        theme["mood"] = "merry"
    changed(tmp_path, themes=told["themes"], colour="red", curve={**told["curve"], "by_mood": 1.0})
    assert_equal(load_edited(tmp_path), full())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{}\n", "line 1, is no edit: it names no action"),
        (edit(2).to_line() + "\n", "holds edit 2, expected 1"),
        ("\xff", "line 1, is no edit"),
    ],
)
def test_a_damaged_log_is_named_with_its_line(tmp_path: Path, content: str, why: str) -> None:
    save(full(), tmp_path)
    (tmp_path / "edits.jsonl").write_text(content, encoding="utf-8")
    with pytest.raises(ModelProblem, match=f"edits.jsonl, {why}" if why.startswith("line") else why):
        load_edited(tmp_path)


@pytest.mark.parametrize("at", range(1, 5))
def test_a_crash_at_any_time_leaves_the_set_as_it_was_or_as_it_is_after(
    tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = tmp_path / "set"
    save(learn(PLAN), directory)
    later = continue_themes(learn(PLAN), learn(PLAN[:5], prefix="new "))
    replaced = Path.replace
    calls = 0

    def until(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == at:
            raise KeyboardInterrupt
        return replaced(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", until)
        with pytest.raises(KeyboardInterrupt):
            save(later, directory)
    assert_equal(load_edited(directory), learn(PLAN))
    save(later, directory)
    assert_equal(load_edited(directory), later)
    assert len(list(directory.iterdir())) == 4


def test_what_a_crash_left_of_a_new_set_does_not_stand_in_the_way(tmp_path: Path) -> None:
    save(full(), tmp_path / "set")
    shutil.copytree(tmp_path / "set", tmp_path / "half")
    (tmp_path / "half" / "set.json").rename(tmp_path / "half" / "set.json.draft")
    assert not is_theme_set(tmp_path / "half")
    save(full(), tmp_path / "half")
    assert_equal(load_edited(tmp_path / "half"), full())


def test_a_set_saved_by_the_first_version_is_read() -> None:
    found = load(FIRST, encoder_id="toy-8")
    assert (found.set_id, found.version, len(found.themes)) == ("s1", 2, 5)
    assert sorted(theme.name for theme in found.themes) == [
        "brown lettuce",
        "delivery",
        "late parcels",
        "recipe cards",
        "rude drivers",
    ]
    late = found.theme(id_of("late parcels"))
    assert (late.level, late.parent_theme_id, late.born, late.stability) == (2, id_of("delivery"), 1, 0.8)
    assert late.keywords == ("late", "parcels")
    assert found.theme(id_of("new brown lettuce")).born == 2
    assert found.curve == StrengthCurve(bias=-2.0, by_cosine=6.0, by_margin=3.0, least=0.2)
    assert found.members.height == len(found.sample_ids) == 40
    counts = dict(found.members["theme_id"].value_counts().iter_rows())
    assert counts == {
        id_of("late parcels"): 12,
        id_of("rude drivers"): 9,
        id_of("recipe cards"): 10,
        id_of("new brown lettuce"): 7,
        None: 2,
    }
    assert found.sample.shape == (40, 8)
    assert found.sample.dtype == np.float16
    assert found.prototypes.shape == (4, 8)
    assert np.allclose(np.linalg.norm(found.prototypes, axis=1), 1.0, atol=1e-5)
    assert [event.change for event in found.history].count(Change.CONTINUED) == 4
    assert found.settings == {"seed": 0}
    assert np.allclose(found.origin[:4], [0.4321, 0.4471, 0.2004, 0.2117], atol=1e-4)


def test_edits_made_with_the_first_version_are_applied() -> None:
    found = load_edited(FIRST)
    assert sorted(theme.name for theme in found.themes) == [
        "brown lettuce", "couriers", "delivery", "late parcels", "recipe cards 1", "recipe cards 2",
    ]  # fmt: skip
    assert found.theme(id_of("late parcels")).hidden
    assert found.theme(id_of("delivery")).pinned
    assert found.exception_themes == (id_of("new brown lettuce"), id_of("new brown lettuce"))
