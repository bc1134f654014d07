"""An analysis with a Hugging Face model, which judges sentiment and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from hugging_face import save_model
from polars import selectors

import textcx

if TYPE_CHECKING:
    from pathlib import Path

    from textcx.domain.analysis import Analysis


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analysis")
    things = ("parcel", "room", "driver", "breakfast", "staff", "hotel")
    texts = [f"The {thing} was {word}." for thing in things for word in ("dirty", "tasty", "late, so I cancelled")]
    frame = pl.DataFrame({"comment": texts, "plan": ["Basic", "Pro"] * 9})
    textcx.analyze(frame, out=folder / "out", model=str(save_model(folder / "bert")), attribute=["plan"])
    return folder / "out"


@pytest.fixture(scope="module")
def found(out: Path) -> Analysis:
    return textcx.load(out)


def test_sentiment_is_judged(found: Analysis) -> None:
    assert {"negative", "positive"} <= set(found.records["label"])
    assert found.manifest["encoder_id"].startswith("bert@sha256:")


def test_what_is_not_judged_is_null_and_never_nan(found: Analysis) -> None:
    for column in ("pain", "p_pain", "p_request"):
        assert found.segments[column].null_count() == found.segments.height
    assert found.pain_points.is_empty()
    assert found.headline["pain_record_share"]["value"] is None
    groups = found.tables["groups"]
    assert groups.height == 2
    assert groups["pain_share"].to_list() == [None, None]
    for table in found.tables.values():
        assert not table.select(pl.any_horizontal(selectors.float().is_nan().any())).item(0, 0) if table.width else True


def test_notes_and_report_say_so(found: Analysis, out: Path) -> None:
    assert any("judges sentiment only" in note for note in found.notes)
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "judges sentiment only, so pain points are not told" in report
    assert "recognized as something that went wrong" not in report
