"""Counted warnings: sentences that end in ": 3", so that those of many batches add up to one, whatever their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def counted(sentence: str, count: int) -> str:
    """Write a warning with its count, in the form that ``merge_counted`` adds up."""
    return f"{sentence}: {count}"


def merge_counted(warnings: Iterable[str]) -> tuple[str, ...]:
    """Add up counted warnings that say the same, in the order of first appearance; those without a count stay once."""
    totals: dict[str, int | None] = {}
    for warning in warnings:
        sentence, joint, number = warning.rpartition(": ")
        if joint and number.isascii() and number.isdigit():
            totals[sentence] = (totals.get(sentence) or 0) + int(number)
        else:
            totals.setdefault(warning, None)
    return tuple(text if count is None else counted(text, count) for text, count in totals.items())
