"""Put together what the branch reads in one step: two trades, and a few of everything else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.training.branch.examples import BranchCorpus, Ids, MatterPieces, Piece

SHARES = {"nhs_phase1": 0.35, "nhs_survey": 0.2, "jupyter_2015": 0.1, "banking77": 0.25, "cfpb": 0.1}
"""How often each source of groups that people made is drawn."""
COMPANY = (1, 1, 1, 2, 3)
"""Remarks of a record, drawn from these."""
REMARKS, OTHERS = 3, 4
"""Remarks of each matter, and of none, in a step."""
MATCHED, UNMATCHED = 20, 8
"""Open texts that are matched with their titles, and others that only teach tags."""
LABELS, OF_EACH = 12, 2
"""Labels that people gave, and texts of each."""
SENTENCES, RECORDS = 8, 12
"""Sentences with aspects, and broad records."""
TITLES, SHOWN = 20, 12
"""Judged titles, and remarks of each."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A remark in a step: its trade, its matter (-1: none) and its theme there."""

    piece: Piece
    trade: int
    matter: int
    theme: int


@dataclass(slots=True, eq=False)
class Step:
    """Rows of a step, each one or several segments, and what each slice of the segments is."""

    remarks: list[Drawn]
    heads: list[tuple[int, int]]  # trade and matter of each title, name or description
    labels: list[str]  # of the open texts that are matched
    different: list[str]
    filed_under: list[int]  # number of the label of each text that people filed
    owners: list[int]  # number of the judged title of each remark
    truth: list[bool]  # whether its title covers it
    tagged: list[tuple[int, Piece]]  # place among the segments, and its tags
    broad: list[int]  # numbers of the broad records
    slices: dict[str, slice]
    rows: list[list[Ids]]


@dataclass(slots=True)
class _Rows:
    rows: list[list[Ids]] = field(default_factory=list)
    count: int = 0
    slices: dict[str, slice] = field(default_factory=dict)

    def add(self, name: str, rows: Sequence[Sequence[Ids]]) -> None:
        start = self.count
        self.rows += [list(row) for row in rows]
        self.count += sum(len(row) for row in rows)
        self.slices[name] = slice(start, self.count)


def draw_step(chance: np.random.Generator, corpus: BranchCorpus, pair: Sequence[int]) -> Step:
    """Draw a step with a pair of trades."""
    rows = _Rows()
    remarks = [one for number in pair for one in _remarks(chance, number, corpus.trades[number])]
    records, start = [], 0
    while start < len(remarks):
        size = int(chance.choice(COMPANY))
        records.append([one.piece.ids for one in remarks[start : start + size]])
        start += size
    rows.add("remarks", records)
    heads = [(number, place) for number in pair for place in range(len(corpus.trades[number][0]))]
    rows.add("heads", [[corpus.trades[number][0][place].called[chance.integers(3)]] for number, place in heads])
    source = str(chance.choice(sorted(corpus.titled)))
    known = [one for one in corpus.titled[source] if one.title]
    matched = [known[place] for place in chance.permutation(len(known))[:MATCHED]]
    sources = chance.choice(sorted(corpus.titled), UNMATCHED).tolist()
    others = [corpus.titled[each][chance.integers(len(corpus.titled[each]))] for each in sources]
    by_title = bool(chance.integers(2))
    labels = [one.title if by_title else one.name for one in matched]
    different = sorted(set(labels))
    rows.add("open", [[one.piece.ids] for one in (*matched, *others)])
    rows.add("labels", [[corpus.called[label]] for label in different])
    filed, filed_under, group_labels = _people(chance, corpus)
    rows.add("filed", [[ids] for ids in filed])
    rows.add("groups", [[corpus.called[label]] for label in group_labels])
    sentences = [corpus.aspects[place] for place in chance.integers(0, len(corpus.aspects), SENTENCES)]
    rows.add("sentences", [[one.ids] for one in sentences])
    some = [corpus.judged[place] for place in chance.integers(0, len(corpus.judged), TITLES)]
    shown = [chance.permutation(len(one.remarks))[:SHOWN].tolist() for one in some]
    rows.add("judged titles", [[one.title] for one in some])
    judged = [(number, one, place) for number, one in enumerate(some) for place in shown[number]]
    rows.add("judged remarks", [[one.remarks[place]] for _, one, place in judged])
    broad = chance.integers(0, len(corpus.records), RECORDS).tolist()
    rows.add("broad", [corpus.records[place] for place in broad])
    pieces = {"remarks": [one.piece for one in remarks], "open": [one.piece for one in (*matched, *others)]}
    tagged = [
        (rows.slices[name].start + place, piece)
        for name, own in {**pieces, "sentences": sentences}.items()
        for place, piece in enumerate(own)
    ]
    return Step(
        remarks=remarks,
        heads=heads,
        labels=labels,
        different=different,
        filed_under=filed_under,
        owners=[number for number, _, _ in judged],
        truth=[one.covers[place] for _, one, place in judged],
        tagged=tagged,
        broad=broad,
        slices=rows.slices,
        rows=rows.rows,
    )


def _remarks(
    chance: np.random.Generator, number: int, trade: tuple[tuple[MatterPieces, ...], tuple[Piece, ...]]
) -> list[Drawn]:
    """Remarks of a trade for one step, in random order."""
    matters, others = trade
    found = [
        Drawn(matter.remarks[remark], number, place, matter.theme)
        for place, matter in enumerate(matters)
        for remark in chance.permutation(len(matter.remarks))[:REMARKS]
    ]
    found += [Drawn(others[place], number, -1, -1) for place in chance.permutation(len(others))[:OTHERS]]
    return [found[place] for place in chance.permutation(len(found))]


def _people(chance: np.random.Generator, corpus: BranchCorpus) -> tuple[list[Ids], list[int], list[str]]:
    """Texts that people filed, under which label each, and the labels."""
    sources = [source for source in SHARES if source in corpus.people]
    shares = np.array([SHARES[source] for source in sources])
    groups = corpus.people[str(chance.choice(sources, p=shares / shares.sum()))]
    labels = [list(groups)[place] for place in chance.permutation(len(groups))[:LABELS]]
    filed = [
        (groups[label][place], number)
        for number, label in enumerate(labels)
        for place in chance.permutation(len(groups[label]))[:OF_EACH]
    ]
    return [ids for ids, _ in filed], [number for _, number in filed], labels
