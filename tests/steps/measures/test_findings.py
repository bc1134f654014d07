from __future__ import annotations

import polars as pl

from textcx.domain.tables import PAIN_POINTS
from textcx.steps.measures.findings import memberships, with_trend


def test_each_record_raises_a_subject_once_and_nothing_stands_for_null() -> None:
    segments = pl.DataFrame({"record_id": ["a", "a", "b"], "stage": ["use", "use", "support"]})
    mentions = pl.DataFrame({"record_id": ["a", "a"], "theme_id": ["t1", "t1"]})
    pains = pl.DataFrame({"record_id": ["a", "b"], "pain_point_id": ["p1", None]})
    raised = memberships(segments, mentions, pains)
    assert list(raised.iter_rows()) == [
        ("a", "pain_point", "p1"),
        ("a", "stage", "use"),
        ("a", "theme", "t1"),
        ("b", "stage", "support"),
    ]


def test_a_trend_goes_to_its_own_subject_and_the_others_are_unknown() -> None:
    points = pl.DataFrame({"pain_point_id": ["p1", "p2"]}).with_columns(
        pl.lit(None, dtype=PAIN_POINTS["trend"]).alias("trend")
    )
    found = pl.DataFrame({
        "subject_kind": ["pain_point", "theme"], "subject_id": ["p2", "p1"], "direction": ["rising", "falling"],
        "change": [2.0, -3.0], "ci_low": [0.5, -4.0], "ci_high": [3.5, -2.0],
    })  # fmt: skip
    trends = with_trend(points, found, kind="pain_point")["trend"].to_list()
    assert [trend["direction"] for trend in trends] == ["unknown", "rising"]
    assert trends[1]["change"] == 2.0
