from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from textcx.domain.errors import NothingToAnalyze, UnreadableInput
from textcx.domain.feedback import ColumnOverrides
from textcx.readers import open_feedback

if TYPE_CHECKING:
    from pathlib import Path

TEXT = ColumnOverrides(text=("comment",))


def write(folder: Path, content: str) -> Path:
    path = folder / "reviews.jsonl"
    path.write_text(content, encoding="utf-8")
    return path


def test_broken_lines_are_reported_and_the_others_kept(tmp_path: Path) -> None:
    path = write(tmp_path, '{"comment": "good"}\n\n{"comment": "bro\n[1, 2]\n{"comment": "fine"}\n')
    (batch,) = open_feedback(path, overrides=TEXT).batches(rows=10)
    assert batch.frame["texts"].to_list() == [["good"], ["fine"]]
    assert [(broken.row, broken.where) for broken in batch.unreadable] == [
        (1, "reviews.jsonl:3"),
        (2, "reviews.jsonl:4"),
    ]


def test_missing_keys_are_null_and_nested_values_json(tmp_path: Path) -> None:
    path = write(tmp_path, '{"comment": "good", "plan": {"name": "basic"}}\n{"plan": "x", "n": 3, "on": true}\n')
    overrides = ColumnOverrides(text=("comment",), attributes=("plan", "n", "on"))
    (batch,) = open_feedback(path, overrides=overrides).batches(rows=10)
    assert batch.frame["texts"].to_list() == [["good"], [None]]
    assert batch.frame["attribute:plan"].to_list() == ['{"name": "basic"}', "x"]
    assert batch.frame["attribute:n"].to_list() == [None, "3"]
    assert batch.frame["attribute:on"].to_list() == [None, "true"]


def test_half_of_an_emoji_is_replaced(tmp_path: Path) -> None:
    path = write(tmp_path, '{"comment": "bad \\ud83d half \\u0000 end"}\n')
    (batch,) = open_feedback(path, overrides=TEXT).batches(rows=10)
    assert batch.frame["texts"].to_list() == [["bad � half � end"]]


def test_a_json_array_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="one JSON array"):
        open_feedback(write(tmp_path, '[{"comment": "good"}]'), overrides=TEXT)


def test_empty_objects_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(NothingToAnalyze, match="are empty"):
        open_feedback(write(tmp_path, "{}\n{}\n"), overrides=ColumnOverrides())
