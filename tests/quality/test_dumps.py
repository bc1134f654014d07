"""Real files as users bring them: columns are found without a flag, nothing is lost, every quote is the text of its span."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import textcx
from textcx.commands.verify import verify
from textcx.settings.analysis import load_settings
from textcx.wiring.sources import open_source, respondent_key

pytestmark = pytest.mark.quality

COLUMNS = {
    "womens_clothing": (["Title", "Review Text"], None, ["stars", "recommended"]),
    "netflix_reviews": (["content"], "at", ["stars"]),
    "hotstar_reviews": (["content"], "at", ["stars"]),
    "skytrax_lounge": (["content"], "date", ["recommended"]),
    "nhs_fft": (["FFT answer"], "Date", ["fft"]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_real_file_is_analyzed_without_a_flag(name: str) -> None:
    source = Path(os.environ["TEXTCX_DATA"]) / "dumps" / f"{name}.csv"
    text, date, ratings = COLUMNS[name]
    analysis = textcx.analyze(source, limit=300)
    plan = analysis.manifest["columns"][0]
    assert [column["column"] for column in plan["text"]] == text
    assert plan["date"] == date
    assert set(ratings) <= {rating["name"] for rating in plan["ratings"]}
    assert analysis.headline["records_in"] == 300
    assert analysis.records.height + len(analysis.unprocessable) == 300
    outcome = verify(analysis, [source], open_source=open_source, respondent_key=respondent_key())
    assert outcome.problems == []


def test_the_fft_scale_is_read_by_its_convention_and_the_mixed_scale_is_doubted() -> None:
    dumps = Path(os.environ["TEXTCX_DATA"]) / "dumps"
    overrides = load_settings().overrides()
    fft = open_source(dumps / "nhs_fft.csv", overrides).plan
    assert [(rating.low, rating.high, rating.reversed, rating.missing) for rating in fft.ratings] == [
        (1, 5, True, (6, 7))
    ]
    assert any("Friends and Family" in warning for warning in fft.warnings)
    skytrax = open_source(dumps / "skytrax_lounge.csv", overrides).plan
    assert any("overall_rating" in warning for warning in skytrax.warnings)
