from __future__ import annotations

from textcx.domain.counted import counted, merge_counted


def test_counts_of_the_same_warning_add_up() -> None:
    warnings = [counted("dates left empty", 3), counted("rows damaged", 1), counted("dates left empty", 4)]
    assert merge_counted(warnings) == ("dates left empty: 7", "rows damaged: 1")


def test_warnings_without_a_count_are_kept_once() -> None:
    assert merge_counted(["doubtful scale", "doubtful scale", "see: here"]) == ("doubtful scale", "see: here")


def test_merging_in_parts_gives_the_same() -> None:
    parts = [counted("a", 1), counted("b", 2), counted("a", 5), counted("b", 1)]
    assert merge_counted([*merge_counted(parts[:2]), *merge_counted(parts[2:])]) == merge_counted(parts)
