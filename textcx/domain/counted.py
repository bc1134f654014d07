"""Counted warnings: sentences that end in a number, so that the warnings of many batches add up to one.

A batch says "reviews.csv: values of 'score' off the scale 1-5, read as missing: 3". Every consumer merges in the same
way, whatever the batch size, after a resumed run and after ``--limit`` alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def counted(sentence: str, count: int) -> str:
    """Write a warning with its count, in the form that ``merge_counted`` adds up."""
    return f"{sentence}: {count}"


def merge_counted(warnings: Iterable[str]) -> tuple[str, ...]:
    """Add up counted warnings that say the same; warnings without a count are kept once.

    Args:
        warnings: Warnings in the order they came.

    Returns:
        One warning per sentence, in the order of first appearance.
    """
    totals: dict[str, int | None] = {}
    for warning in warnings:
        sentence, joint, number = warning.rpartition(": ")
        if joint and number.isascii() and number.isdigit():
            totals[sentence] = (totals.get(sentence) or 0) + int(number)
        else:
            totals.setdefault(warning, None)
    return tuple(text if count is None else counted(text, count) for text, count in totals.items())
