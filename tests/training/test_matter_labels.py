"""The labels of matters keep to their guide, docs/labelling-matters.md."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

import textcx.training
from textcx.training.branch.labels import read_trades

LABELS = Path(textcx.training.__path__[0]) / "labels"
TRADES = sorted((LABELS / "matters").glob("*.txt"))
CODE = re.compile(r"[np0m][wradgc]*")
MARKED = re.compile(r"\[[^\[\]{}]+\]|\{[^\[\]{}]+\}")
MOST_WORDS = 8


def test_there_are_many_trades() -> None:
    assert len(TRADES) >= 200


@pytest.mark.parametrize("path", TRADES, ids=lambda path: path.stem)
def test_a_trade_keeps_to_the_format(path: Path) -> None:
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"trade: [a-z].+", first)
    titles, remarks, expected = [], [], "theme"
    for line in lines:
        if line.startswith("## "):
            assert expected != "description", line
            expected = "remark" if line == "## none" else "title"
        elif line.startswith("# "):
            title, name = line.removeprefix("# ").split(" | ")
            assert expected != "description", line
            assert len(title.split()) <= MOST_WORDS, line
            assert name, line
            titles.append(title.casefold())
            expected = "description"
        elif expected == "description":
            expected = "remark"
        else:
            code, _, remark = line.partition(" ")
            assert expected == "remark", line
            assert CODE.fullmatch(code), line
            assert not set("[]{}") & set(MARKED.sub("", remark)), line
            remarks.append(re.sub(r"[\[\]{}]", "", remark).casefold())
    assert len(titles) == len(set(titles))
    assert len(titles) >= 10
    assert len(remarks) == len(set(remarks))


def test_simpler_titles_are_fit_to_print_and_of_titles_that_there_are() -> None:
    head, *rows = (LABELS / "simpler_titles.tsv").read_text(encoding="utf-8").splitlines()
    assert head == "title\tsimpler"
    known = {matter.title for trade in read_trades() for matter in trade.matters}
    known |= {row.split("\t")[6] for row in (LABELS / "matters.tsv").read_text(encoding="utf-8").splitlines()}
    for row in rows:
        title, simpler = row.split("\t")
        assert title in known, row
        for each in simpler.split(" | "):
            assert 2 <= len(each.split()) <= 8, row
            assert each[0].isupper() or each[0].isdigit(), row
            assert "," not in each, row
            assert " or " not in each, row


def test_labels_of_open_texts_have_offsets_inside_their_sentence() -> None:
    head, *rows = (LABELS / "matters.tsv").read_text(encoding="utf-8").splitlines()
    assert head.split("\t") == ["source", "id", "start", "end", "code", "spans", "title", "name"]
    assert len(rows) > 3_000
    for row in rows:
        _, _, start, end, code, spans, title, name = row.split("\t")
        length = int(end) - int(start)
        assert CODE.fullmatch(code), row
        assert (title == "-") == (name == "-"), row
        places = [] if spans == "-" else [tuple(map(int, span[1:].split("-"))) for span in spans.split(" ")]
        assert all(0 <= begin < stop <= length for begin, stop in places), row
        assert all(stop <= begin for (_, stop), (begin, _) in itertools.pairwise(places)), row
