from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from theme_world import PLAN, id_of, learn
from typer.testing import CliRunner

from textcx.cli.app import app
from textcx.commands.export_themes import export
from textcx.domain.errors import NotFound, OutputExists, WrongUse
from textcx.store.theme_sets.directory import save
from textcx.wiring.theme_sets import load_edited

if TYPE_CHECKING:
    from pathlib import Path

SAYINGS = (
    "the {} again this week",
    "we were told about the {}",
    "nothing but {} since spring",
    "{} for the third time",
)


@pytest.fixture
def analysis(tmp_path: Path) -> Path:
    """A finished analysis as far as its themes go: the set, what each segment says, and which theme it raises."""
    theme_set = learn(PLAN)
    save(theme_set, tmp_path / "result" / "themes")
    names = {theme.theme_id: theme.name for theme in theme_set.themes}
    members = theme_set.members
    texts = [
        SAYINGS[number % len(SAYINGS)].format(names.get(theme_id, "weather"))
        for number, theme_id in enumerate(members["theme_id"])
    ]
    members.select("segment_id", text=pl.Series(texts)).write_parquet(tmp_path / "result" / "segments.parquet")
    members.drop_nulls("theme_id").write_parquet(tmp_path / "result" / "mentions.parquet")
    return tmp_path / "result"


def test_an_export_opens_in_bertopic_with_our_names_and_words(analysis: Path, tmp_path: Path) -> None:
    from bertopic import BERTopic

    said = export(analysis, out=tmp_path / "model")
    model = BERTopic.load(str(tmp_path / "model"))
    theme_set = load_edited(analysis / "themes")

    info = model.get_topic_info().set_index("Topic")
    leaves = theme_set.leaves()
    assert said.startswith(f"{len(leaves)} themes of ")
    assert set(info["CustomName"]) == {theme.name for theme in leaves} | {"no theme"}
    assert int(info["Count"].sum()) == theme_set.members.height
    assert info.loc[-1, "Count"] == theme_set.members["theme_id"].null_count()
    for theme in leaves:
        row = info[info["CustomName"] == theme.name].iloc[0]
        assert row["Representation"] == list(theme.keywords or (theme.name,))
        assert row["Count"] == theme_set.members.filter(theme_id=theme.theme_id).height
    assert model.c_tf_idf_.shape[0] == len(info)


def test_a_loaded_export_assigns_vectors_to_the_themes_they_belong_to(analysis: Path, tmp_path: Path) -> None:
    from bertopic import BERTopic

    export(analysis, out=tmp_path / "model")
    theme_set = load_edited(analysis / "themes")
    theme_of = dict(theme_set.members.select("segment_id", "theme_id").iter_rows())
    topics_of = json.loads((tmp_path / "model" / "textcx.json").read_text())["topics"]

    topics, _ = BERTopic.load(str(tmp_path / "model")).transform(
        ["x"] * len(theme_set.sample), theme_set.sample.astype(np.float32)
    )

    right = [
        topics_of.get(str(topic)) == theme_of[each] for topic, each in zip(topics, theme_set.sample_ids, strict=True)
    ]
    assert np.mean(right) > 0.95


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # UMAP's and scipy's own
def test_a_loaded_export_draws_its_maps(analysis: Path, tmp_path: Path) -> None:
    from bertopic import BERTopic

    export(analysis, out=tmp_path / "model")
    model = BERTopic.load(str(tmp_path / "model"))
    names = {theme.name for theme in load_edited(analysis / "themes").leaves()}

    assert model.visualize_topics(custom_labels=True).data
    assert set(model.visualize_hierarchy(custom_labels=True).layout.yaxis.ticktext) == names


def test_themes_that_no_segment_raises_are_left_out_and_counted(analysis: Path, tmp_path: Path) -> None:
    mentions = pl.read_parquet(analysis / "mentions.parquet")
    mentions.filter(pl.col("theme_id") != id_of(PLAN[0].name)).write_parquet(analysis / "mentions.parquet")
    assert "1 more that no segment here raises, or that are hidden, are left out" in export(
        analysis, out=tmp_path / "m"
    )
    assert id_of(PLAN[0].name) not in json.loads((tmp_path / "m" / "textcx.json").read_text())["topics"].values()


def test_a_set_without_texts_is_refused_with_what_to_do(analysis: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"keeps no texts.*textcx analyze FILE --themes .* --out RESULT"):
        export(analysis / "themes", out=tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_what_has_no_themes_is_refused(analysis: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no theme set"):
        export(tmp_path, out=tmp_path / "model")
    pl.read_parquet(analysis / "mentions.parquet").clear().write_parquet(analysis / "mentions.parquet")
    with pytest.raises(WrongUse, match="raises a theme"):
        export(analysis, out=tmp_path / "model")


def test_an_earlier_export_is_replaced_only_when_asked_and_nothing_else_ever(analysis: Path, tmp_path: Path) -> None:
    arguments = ["themes", "export", str(analysis), "--bertopic", str(tmp_path / "model")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    again = CliRunner().invoke(app, arguments)
    assert isinstance(again.exception, OutputExists)
    assert CliRunner().invoke(app, [*arguments, "--overwrite"]).exit_code == 0
    (tmp_path / "model" / "textcx.json").unlink()
    with pytest.raises(OutputExists, match="no result of textcx"):
        export(analysis, out=tmp_path / "model", overwrite=True)


def test_segments_without_words_are_refused(analysis: Path, tmp_path: Path) -> None:
    path = analysis / "segments.parquet"
    pl.read_parquet(path).with_columns(text=pl.lit("!!! 100 %")).write_parquet(path)
    with pytest.raises(WrongUse, match="hold no words"):
        export(analysis, out=tmp_path / "model")
