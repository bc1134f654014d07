from __future__ import annotations

import json
from typing import TYPE_CHECKING

from textcx.domain.counted import merge_counted
from textcx.domain.feedback import ColumnOverrides
from textcx.readers import open_feedback

if TYPE_CHECKING:
    from pathlib import Path


def test_values_under_names_that_come_late_are_counted_in_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "late.jsonl"
    lines = [{"comment": f"The parcel came {number} days late this time"} for number in range(5_100)]
    lines += [{"comment": "fine", "answer": "The box was open"}] * 7
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    reader = open_feedback(path, overrides=ColumnOverrides())
    warnings = merge_counted(warning for batch in reader.batches(rows=1000) for warning in batch.warnings)
    assert next(warning for warning in warnings if "which are not read" in warning).endswith(": 7")


def test_records_without_further_names_give_no_such_warning(tmp_path: Path) -> None:
    path = tmp_path / "plain.jsonl"
    lines = [{"comment": f"The parcel came {number} days late this time"} for number in range(50)]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    reader = open_feedback(path, overrides=ColumnOverrides())
    assert not any("not read" in warning for batch in reader.batches(rows=20) for warning in batch.warnings)
