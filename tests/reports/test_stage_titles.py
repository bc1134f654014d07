from __future__ import annotations

from builders import an_analysis

from textcx.reports.html import render


def test_the_titles_of_an_edited_taxonomy_stand_in_the_report() -> None:
    analysis = an_analysis()
    analysis.manifest["stage_titles"] = {"use": "Day-to-day brewing"}
    page = render(analysis)
    assert "Day-to-day brewing" in page
    assert "Delivery and onboarding" in page
