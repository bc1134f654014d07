"""Findings in words say no more than is known."""

from __future__ import annotations

from typing import Any

import pytest

from textcx.reports.phrases import growth_words

PERIODS = [{"period": "2026-W05", "records": 0, "of": 90}, {"period": "2026-W06", "records": 7, "of": 95}]


def group(direction: str, growth: float | None = None) -> dict[str, Any]:
    ends = (None, None) if growth is None else (growth / 2, growth * 2)
    return {"direction": direction, "growth": growth, "ci_low": ends[0], "ci_high": ends[1], "periods": PERIODS}


def test_a_group_that_is_new_is_said_to_be_new_and_since_when() -> None:
    assert growth_words(group("new")) == "new: none before week 6, 2026"


@pytest.mark.parametrize(
    ("direction", "growth", "words"),
    [
        ("steady", 1.2, "no clear change"),
        ("unknown", None, "too few to tell whether it grows"),
        ("rising", 4.0, "4.0 times as often as before (95\N{NARROW NO-BREAK SPACE}%: 2.0 to 8.0)"),
    ],
)
def test_growth_is_told_where_it_is_clear(direction: str, growth: float | None, words: str) -> None:
    assert growth_words(group(direction, growth)).replace("\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}") == words
