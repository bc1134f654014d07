"""What is read of the labels of matters, and what the shipped language knows of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from languages import ENGLISH

from textcx.domain.matters import UNTITLED
from textcx.training.branch.labels import Remark, known_matters, read_trades

if TYPE_CHECKING:
    from pathlib import Path

    from textcx.training.branch.labels import Trade

TRADE = """trade: bicycle repair shop
## Repairs
# Repair takes longer than promised | Repair time
The bicycle is not ready on the day that was agreed.
nw Was told Tuesday, my [bike] {wasn't ready} until the week after.
p Done by lunch!
# Wrong parts fitted | Choice of parts
Parts do not fit the bicycle.
n The {wrong} [tyre].
## none
n Never again.
"""
SIMPLER = (("Bike dirty or scratched", "Bike dirty | Bike scratched"), ("Bill far above estimate", "Bill too high"))
HEAD = "source\tid\tstart\tend\tcode\tspans\ttitle\tname"


@pytest.fixture
def trades(tmp_path: Path) -> tuple[Trade, ...]:
    (tmp_path / "bicycles.txt").write_text(TRADE, encoding="utf-8")
    return read_trades(tmp_path)


def known(trades: tuple[Trade, ...], path: Path, *rows: tuple[str, str, str]) -> list[tuple[str, str]]:
    """What is known of trades, and of sentences of open texts with these codes, titles and names."""
    lines = [f"s\t1\t0\t9\t{code}\t-\t{title}\t{name}" for code, title, name in rows]
    (path / "matters.tsv").write_text("\n".join([HEAD, *lines, ""]), encoding="utf-8")
    told = ["title\tsimpler", *("\t".join(row) for row in SIMPLER), ""]
    (path / "simpler.tsv").write_text("\n".join(told), encoding="utf-8")
    return known_matters(trades, path / "matters.tsv", path / "simpler.tsv")


def test_a_trade_is_read_with_its_matters_and_what_is_about_none(trades: tuple[Trade, ...]) -> None:
    [trade] = trades
    assert trade.name == "bicycle repair shop"
    assert [(one.theme, one.title, one.name, len(one.remarks)) for one in trade.matters] == [
        ("Repairs", "Repair takes longer than promised", "Repair time", 2),
        ("Repairs", "Wrong parts fitted", "Choice of parts", 1),
    ]
    assert trade.matters[0].description == "The bicycle is not ready on the day that was agreed."
    assert trade.others == (Remark("n", "Never again.", ()),)


def test_a_remark_is_read_without_its_marks_and_with_their_offsets(trades: tuple[Trade, ...]) -> None:
    remark = trades[0].matters[0].remarks[0]
    assert (remark.code, remark.text) == ("nw", "Was told Tuesday, my bike wasn't ready until the week after.")
    assert [(kind, remark.text[start:end]) for kind, start, end in remark.spans] == [
        ("aspect", "bike"), ("opinion", "wasn't ready"),
    ]  # fmt: skip


def test_titles_of_trades_and_of_open_texts_are_known_once_and_sorted(
    trades: tuple[Trade, ...], tmp_path: Path
) -> None:
    rows = [
        ("n", "repair takes longer than promised", "Speed"),
        ("nw", "Bill too high", "Bill"),
        ("n", "Bill too high", "Price"),
    ]
    assert known(trades, tmp_path, *rows, ("n", "-", "-")) == [
        ("Bill too high", "Bill"),
        ("Repair takes longer than promised", "Repair time"),
        ("Wrong parts fitted", "Choice of parts"),
    ]


def test_a_title_that_says_two_things_is_replaced_by_simpler_ones_and_a_particular_one_is_joined_by_them(
    trades: tuple[Trade, ...], tmp_path: Path
) -> None:
    rows = [("n", "Bike dirty or scratched", "Care"), ("n", "Bill far above estimate", "Estimate")]
    assert known(trades, tmp_path, *rows)[:4] == [
        ("Bike dirty", "Care"),
        ("Bike scratched", "Care"),
        ("Bill far above estimate", "Estimate"),
        ("Bill too high", "Estimate"),
    ]


def test_a_matter_that_is_only_praised_is_known_by_its_name_alone(trades: tuple[Trade, ...], tmp_path: Path) -> None:
    rows = [
        ("p", "Friendly staff", "Friendliness"),
        ("p", "Fast repair", "Repair time"),
        ("n", "Bill too high", "Bill"),
    ]
    assert known(trades, tmp_path, *rows)[:2] == [(UNTITLED, "Friendliness"), ("Bill too high", "Bill")]
    assert "Fast repair" not in dict(known(trades, tmp_path, *rows))


def test_the_shipped_language_knows_all_matters_of_the_labels() -> None:
    assert ENGLISH.matters == tuple(known_matters(read_trades()))
