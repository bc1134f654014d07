from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from theme_world import PLAN, id_of, learn
from typer.testing import CliRunner

from textcx.cli.app import app
from textcx.store.theme_sets.directory import read_edits, save

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def textcx(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    save(learn(PLAN), tmp_path / "set")
    return tmp_path / "set"


def test_a_set_is_shown_edited_and_compared(place: Path) -> None:
    assert "late parcels" in textcx("themes", "show", place).stdout
    done = textcx("themes", "edit", place, "--rename", "late parcels=deliveries", "--by", "Ada")
    assert done.exit_code == 0, done.output
    assert read_edits(place)[0].who == "Ada"
    shown = textcx("themes", "show", place, "--level", "1")
    assert "deliveries" in shown.stdout
    assert textcx("themes", "diff", place, place).stdout.endswith("--all lists them, too\n")


def test_every_kind_of_edit_can_be_tried_without_being_made(place: Path) -> None:
    one, other = id_of("late parcels"), id_of("rude drivers")
    pair = "late-parcels-0:0-20,rude-drivers-0:0-20"
    for flag, value in [
        ("--merge", f"{one},{other}"), ("--split", f"{one}=2"), ("--pin", one), ("--hide", one), ("--together", pair), ("--apart", pair),
    ]:  # fmt: skip
        tried = textcx("themes", "edit", place, flag, value, "--dry-run")
        assert tried.exit_code == 0, tried.output
        assert "Nothing was written" in tried.stdout
    assert read_edits(place) == []


def test_a_refused_edit_leaves_with_code_2_and_one_line(place: Path) -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "textcx", "themes", "edit", str(place), "--pin", "late parcel"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert refused.returncode == 2
    assert (
        refused.stderr
        == f"textcx: the set has no theme 'late parcel'; did you mean {id_of('late parcels')} ('late parcels')?\n"
    )


def test_help_lists_the_commands_without_loading_anything_heavy() -> None:
    script = (
        "import sys; import textcx.cli.themes; print(sorted({'polars', 'numpy', 'scipy', 'torch'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "[]"
    listed = textcx("themes", "--help").stdout
    assert all(command in listed for command in ("show", "diff", "edit"))


def test_a_taxonomy_beside_a_theme_set_is_refused_rather_than_ignored(tmp_path: Path) -> None:
    from textcx.commands.analyze import analyze
    from textcx.domain.errors import WrongUse
    from textcx.runs.progress import StageClock
    from textcx.settings.analysis import load_settings
    from textcx.wiring.container import Container

    settings = load_settings(themes=tmp_path / "set", taxonomy=tmp_path / "own.toml")
    with pytest.raises(WrongUse, match="would have no effect"):
        analyze(
            [tmp_path / "a.csv"],
            out=tmp_path / "out",
            container=Container(settings),
            clock=StageClock(),
        )
