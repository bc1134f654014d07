from __future__ import annotations

import polars as pl

from textcx.steps.measures.findings import memberships


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
