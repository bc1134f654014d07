"""Read the written labels of matters: trades, their matters, and remarks with their aspects and opinions.

``docs/labelling-matters.md`` is the guide to what they mean and how they are written.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.domain.matters import UNTITLED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LABELS = Path(__file__).parents[1] / "labels"
NONE = "none"
COVERED = "y"
"""Code of a judged pair whose title covers the remark."""
HELD_OUT = 8
"""Every so many trades, by a hash of their names, are held out."""
TWO_THINGS = re.compile(", | (?:or|and) ")
OPENING, CLOSING = {"[": "aspect", "{": "opinion"}, "]}"


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark, its code (as in ``docs/labelling.md``) and the offsets of its aspects and opinions."""

    code: str
    text: str
    spans: tuple[tuple[str, int, int], ...]  # "aspect" or "opinion", start, end


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter of a trade: its theme, its title as a pain, its name, what belongs to it, and remarks about it."""

    theme: str
    title: str
    name: str
    description: str
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """The matters of a trade, and its remarks that are about none.

    Nothing is trained on a trade that is ``held_out``: it tells how good the result is.
    """

    name: str
    held_out: bool
    matters: tuple[Matter, ...]
    others: tuple[Remark, ...]


@dataclass(frozen=True, slots=True)
class JudgedTexts:
    """A title and remarks of one source, and whether it covers each; nothing is trained on those ``held_out``."""

    title: str
    remarks: tuple[str, ...]
    covers: tuple[bool, ...]
    held_out: bool


def read_trades(folder: Path = LABELS / "matters") -> tuple[Trade, ...]:
    """Read all trades, in the order of their file names."""
    return tuple(_trade(path) for path in sorted(folder.glob("*.txt")))


def known_matters(
    trades: Sequence[Trade], labelled: Path = LABELS / "matters.tsv", simpler: Path = LABELS / "simpler_titles.tsv"
) -> list[tuple[str, str]]:
    """Return title and name of every matter that was written or found in open texts, each title once, sorted.

    The simpler titles of a matter are known, too. One that says two things is replaced by them: "Staff slow or rude" is
    true of few groups.

    A title that at least half of its sentences in open texts praise ("Tasty food") is none of a pain: ``UNTITLED``, it
    stands there for its name, where no other matter has that.
    """
    found = {matter.title.casefold(): (matter.title, matter.name) for trade in trades for matter in trade.matters}
    rows = [row for row in read_rows(labelled) if row["title"] != UNTITLED]
    praised: Counter[str] = Counter()
    for row in rows:
        praised[row["title"].casefold()] += 1 if row["code"].startswith("p") else -1
    praise: dict[str, str] = {}
    for row in rows:
        key = row["title"].casefold()
        if praised[key] >= 0 and key not in found:
            praise.setdefault(key, row["name"])
        else:
            found.setdefault(key, (row["title"], row["name"]))
    for row in read_rows(simpler):
        title, name = found.get(row["title"].casefold(), ("", ""))
        if not title:
            continue
        if TWO_THINGS.search(title):
            del found[title.casefold()]
        for each in row["simpler"].split(" | "):
            found.setdefault(each.casefold(), (each, name))
    more = sorted({*praise.values()} - {name for _, name in found.values()})
    return [*((UNTITLED, name) for name in more), *(found[key] for key in sorted(found))]


def judged_texts(texts: Mapping[str, Mapping[str, str]], labels: Path = LABELS / "covers.tsv") -> list[JudgedTexts]:
    """Read the judged pairs; ``texts`` are the open texts by source and id."""
    groups: dict[tuple[str, str, str], list[tuple[str, bool]]] = defaultdict(list)
    for row in read_rows(labels):
        text = texts[row["source"]][row["id"]][int(row["start"]) : int(row["end"])]
        groups[row["title"], row["source"], row["split"]].append((text, row["code"] == COVERED))
    return [
        JudgedTexts(title, tuple(text for text, _ in pairs), tuple(covers for _, covers in pairs), split == "dev")
        for (title, _, split), pairs in groups.items()
    ]


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Read a table of labels: columns between tabs, nothing quoted."""
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, dialect="excel-tab", quoting=csv.QUOTE_NONE)


def _trade(path: Path) -> Trade:
    lines = path.read_text(encoding="utf-8").splitlines()
    name = lines[0].removeprefix("trade: ")
    matters: list[Matter] = []
    others: list[Remark] = []
    theme = ""
    rest = iter(lines[1:])
    for line in rest:
        if line.startswith("## "):
            theme = line.removeprefix("## ")
        elif line.startswith("# "):
            title, called = line.removeprefix("# ").split(" | ")
            matters.append(Matter(theme, title, called, next(rest), ()))
        elif theme == NONE:
            others.append(_remark(line))
        else:
            last = matters[-1]
            matters[-1] = Matter(last.theme, last.title, last.name, last.description, (*last.remarks, _remark(line)))
    held_out = int(hashlib.sha256(path.stem.encode()).hexdigest(), 16) % HELD_OUT == 0
    return Trade(name, held_out, tuple(matters), tuple(others))


def _remark(line: str) -> Remark:
    code, _, marked = line.partition(" ")
    text, kind, start = "", "", 0
    spans: list[tuple[str, int, int]] = []
    for char in marked.strip():
        if char in OPENING:
            kind, start = OPENING[char], len(text)
        elif char in CLOSING:
            spans.append((kind, start, len(text)))
        else:
            text += char
    return Remark(code, text, tuple(spans))
