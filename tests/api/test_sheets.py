from __future__ import annotations

from datetime import UTC, datetime

from api.sheets import header, lines


def test_values_are_written_as_in_the_sheets_of_a_report() -> None:
    row = {
        "text": "=1+1",
        "created_at": datetime(2026, 3, 31, 12, tzinfo=UTC),
        "redactions": [{"start": 3, "end": 5, "kind": "name"}],
        "polarity": float("nan"),
        "records": -3,
    }
    assert header(["text", "records"]) == '\ufeff"text","records"\r\n'
    assert lines([row], list(row)) == '"\'=1+1","2026-03-31 12:00:00","name 3-5","",-3\r\n'
