from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from languages import NAMING

from textcx.domain.errors import ModelProblem, NotFound
from textcx.wiring.theme_sets import DirectoryThemeSets, load_edited

KEPT = Path(__file__).parents[1] / "data" / "theme_sets" / "v1"
SAID = "The parcel came three days late."


@pytest.fixture
def sets(tmp_path: Path) -> DirectoryThemeSets:
    shutil.copytree(KEPT, tmp_path / "shop")
    (tmp_path / "no set").mkdir()
    return DirectoryThemeSets(tmp_path)


def test_sets_are_listed_by_name(sets: DirectoryThemeSets) -> None:
    assert sets.names() == ["shop"]
    assert DirectoryThemeSets(Path("/nowhere/at/all")).names() == []


def test_segments_get_the_theme_of_the_set_that_they_are_near(sets: DirectoryThemeSets) -> None:
    kept = load_edited(KEPT)
    vectors = np.asarray(kept.sample, dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    found = sets.assign("shop", [SAID] * len(vectors), vectors, encoder_id=kept.encoder_id, naming=NAMING)

    told = {theme.theme_id: theme for theme in kept.themes}
    raised = [each[0] for each in found if each]
    assert len(raised) > len(vectors) / 2
    assert all(told[match.theme_id].name == match.name and not told[match.theme_id].hidden for match in raised)
    assert all(0 < match.strength <= 1 for match in raised)


def test_boilerplate_raises_no_theme(sets: DirectoryThemeSets) -> None:
    kept = load_edited(KEPT)
    vectors = np.asarray(kept.sample, dtype=np.float32)
    assert sets.assign(
        "shop", ["Thanks, all good!"] * len(vectors), vectors, encoder_id=kept.encoder_id, naming=NAMING
    ) == [[]] * len(vectors)


def test_an_unknown_set_is_refused_with_the_known_ones(sets: DirectoryThemeSets) -> None:
    with pytest.raises(NotFound, match=r"no theme set 'shops' .* there are: shop"):
        sets.assign("shops", [], np.zeros((0, 8), dtype=np.float32), encoder_id="e", naming=NAMING)


def test_a_set_of_another_encoder_is_refused(sets: DirectoryThemeSets) -> None:
    with pytest.raises(ModelProblem, match="another-one"):
        sets.assign("shop", [], np.zeros((0, 8), dtype=np.float32), encoder_id="another-one", naming=NAMING)


def test_a_set_whose_files_have_changed_is_read_again(sets: DirectoryThemeSets, tmp_path: Path) -> None:
    kept = load_edited(KEPT)
    vectors = np.asarray(kept.sample, dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    before = sets.assign("shop", [SAID] * len(vectors), vectors, encoder_id=kept.encoder_id, naming=NAMING)

    (tmp_path / "shop" / "edits.jsonl").unlink()
    after = sets.assign("shop", [SAID] * len(vectors), vectors, encoder_id=kept.encoder_id, naming=NAMING)

    assert {match.name for each in before for match in each} != {match.name for each in after for match in each}
