"""What the matters branch learns from, as token ids: written trades, labelled open texts, groups that people made.

Everything is cut to pieces without the tokens that open and close a row, because rows are put together anew for every
step: one to three remarks of a trade make a record, so that a remark is also read in company.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.domain.encoding import LABELS
from textcx.training.branch.labels import LABELS as FOLDER
from textcx.training.branch.labels import read_rows
from textcx.training.examples import labelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Encoding as Tokens
    from tokenizers import Tokenizer

    from textcx.training.branch.labels import JudgedTexts, Remark, Trade

Ids = list[int]

LONGEST, TITLE, REMARK, SEGMENT = 126, 32, 90, 60
"""Tokens of a remark, of a judged title, of a judged remark, and of a segment of a record."""
FILES = {
    "banking77": "clusters/banking77",
    "cebab": "sentiment/cebab",
    "cfpb": "problems/cfpb",
    "dynasent_pool": "sentiment/dynasent_pool",
    "goemotions": "sentiment/goemotions",
    "huliu": "sentiment/huliu",
    "jupyter_2015": "problems/jupyter_2015",
    "mams_acsa": "aspects/mams_acsa",
    "nhs_phase1": "sentiment/nhs_phase1",
    "nhs_survey": "sentiment/nhs_survey",
    "pros_cons": "sentiment/pros_cons",
    "semeval2017_tweets": "sentiment/semeval2017_tweets",
}
CLOTHING = "womens_clothing"
RECORDS = {
    "sentiment/cebab": 1500,
    "sentiment/nhs_survey": 1200,
    "problems/cfpb": 500,
    "sentiment/dynasent_pool": 2500,
    "sentiment/semeval2017_tweets": 2500,
    "sentiment/goemotions": 1500,
    "sentiment/pros_cons": 1500,
    "sentiment/huliu": 1000,
    "problems/jupyter_2015": 1200,
}
"""Records of each source that hold the old geometry, and what the heads said of their segments."""
FEWEST = 3
"""Texts of the smallest group."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A remark: token ids, a tag for each token (0 outside, 1 first, 2 inside) and its code; tags may be unknown."""

    ids: Ids
    aspects: NDArray[np.int64]
    opinions: NDArray[np.int64] | None
    code: str = ""
    polarities: tuple[tuple[int, int, int], ...] = ()  # start and end of an aspect, in tokens, and its polarity


@dataclass(frozen=True, slots=True, eq=False)
class MatterPieces:
    """A matter: its theme's number, remarks, and title, name and description as token ids."""

    theme: int
    title: str
    remarks: tuple[Piece, ...]
    called: tuple[Ids, Ids, Ids]


@dataclass(frozen=True, slots=True, eq=False)
class Titled:
    """A remark of an open text with the title and name of its matter; both empty where it has none."""

    piece: Piece
    title: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A title and remarks, and whether it covers each."""

    title: Ids
    remarks: tuple[Ids, ...]
    covers: tuple[bool, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BranchCorpus:
    """All that the branch learns from; ``records`` are lists of segments, read by the encoder one by one."""

    trades: Sequence[tuple[tuple[MatterPieces, ...], tuple[Piece, ...]]]
    titled: dict[str, list[Titled]]
    called: dict[str, Ids]  # token ids of titles and names of open texts, and of the labels of groups
    people: dict[str, dict[str, list[Ids]]]
    aspects: Sequence[Piece]
    judged: Sequence[Judged]
    records: Sequence[Sequence[Ids]]


class Cutter:
    """Cuts texts into token ids, with tags for spans of characters."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokens of texts with their offsets, without those that open and close a row."""
        return self._tokenizer.encode_batch(list(texts), add_special_tokens=False)

    def ids(self, texts: Sequence[str], *, most: int = LONGEST) -> list[Ids]:
        """Token ids of texts; of an empty one, that of an unknown word."""
        unknown: Ids = [self._tokenizer.token_to_id("[UNK]") or 0]
        return [found.ids[:most] or unknown for found in self.tokens(texts)]

    def pieces(self, remarks: Sequence[Remark]) -> tuple[Piece, ...]:
        """Pieces of remarks whose aspects and opinions are known."""
        found = self.tokens([remark.text for remark in remarks])
        return tuple(
            Piece(
                tokens.ids[:LONGEST],
                tags(tokens, [span[1:] for span in remark.spans if span[0] == "aspect"]),
                tags(tokens, [span[1:] for span in remark.spans if span[0] == "opinion"]),
                remark.code,
            )
            for remark, tokens in zip(remarks, found, strict=True)
        )


def tags(tokens: Tokens, spans: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    """Tag the tokens that lie in spans of characters: 1 the first of a span, 2 the others, 0 outside."""
    found = np.zeros(min(len(tokens.ids), LONGEST), dtype=np.int64)
    for start, end in spans:
        inside = [place for place, (begin, stop) in enumerate(tokens.offsets) if begin < end and stop > start]
        for number, place in enumerate(inside):
            if place < LONGEST:
                found[place] = 1 if number == 0 else 2
    return found


def trade_pieces(trade: Trade, cutter: Cutter) -> tuple[tuple[MatterPieces, ...], tuple[Piece, ...]]:
    """Cut a trade: its matters, and its remarks of no matter."""
    themes = {theme: number for number, theme in enumerate(dict.fromkeys(matter.theme for matter in trade.matters))}
    matters = []
    for matter in trade.matters:
        title, name, description = cutter.ids([matter.title, matter.name, matter.description])
        pieces = cutter.pieces(matter.remarks)
        matters.append(MatterPieces(themes[matter.theme], matter.title, pieces, (title, name, description)))
    return tuple(matters), cutter.pieces(trade.others)


def open_texts(data: Path) -> dict[str, dict[str, str]]:
    """Texts of the sources that our labels point into, by source and id."""
    texts = {
        source: {record["id"]: record["text"] for record in _records(data / f"{file}.jsonl")}
        for source, file in FILES.items()
    }
    with (data / f"dumps/{CLOTHING}.csv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        number = (rows.fieldnames or [""])[0]
        texts[CLOTHING] = {row[number]: row["Review Text"] for row in rows}
    return texts


def titled(texts: dict[str, dict[str, str]], cutter: Cutter) -> dict[str, list[Titled]]:
    """Labelled sentences of open texts, by source."""
    found: dict[str, list[Titled]] = defaultdict(list)
    for row in read_rows(FOLDER / "matters.tsv"):
        text = texts[row["source"]][row["id"]][int(row["start"]) : int(row["end"])]
        (tokens,) = cutter.tokens([text])
        spans = [] if row["spans"] == "-" else row["spans"].split(" ")
        parted = {kind: [tuple(map(int, span[1:].split("-"))) for span in spans if span[0] == kind] for kind in "AO"}
        aspects, opinions = (tags(tokens, parted[kind]) for kind in "AO")  # type: ignore[arg-type]
        piece = Piece(tokens.ids[:LONGEST], aspects, opinions, row["code"])
        known = row["title"] != "-"
        found[row["source"]].append(Titled(piece, row["title"] if known else "", row["name"] if known else ""))
    return dict(found)


def judged(pairs: Iterable[JudgedTexts], cutter: Cutter) -> list[Judged]:
    """Cut judged pairs."""
    return [
        Judged(cutter.ids([one.title], most=TITLE)[0], tuple(cutter.ids(one.remarks, most=REMARK)), one.covers)
        for one in pairs
    ]


def people_groups(data: Path, cutter: Cutter) -> dict[str, dict[str, list[Ids]]]:
    """Texts that people filed under the same label, by source and label; a text of several labels is left out."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for record in labelled(data, "sentiment/nhs_phase1", "train"):
        if record["subtheme"]:
            groups["nhs_phase1"][record["subtheme"]].append(record["text"])
    for name, file in (("nhs_survey", "sentiment/nhs_survey"), ("jupyter_2015", "problems/jupyter_2015")):
        for record in labelled(data, file, "train"):
            if len(record["themes"] or ()) == 1:
                groups[name][record["themes"][0]].append(record["text"])
    for record in labelled(data, "clusters/banking77", "train"):
        groups["banking77"][re.sub("[_/]", " ", record["label"])].append(record["text"])
    for record in labelled(data, "problems/cfpb", "train"):
        if label := record.get("sub_issue") or record.get("issue"):  # part of the complaints has none
            groups["cfpb"][label].append(record["text"][:400])
    return {
        source: {label: cutter.ids(texts) for label, texts in own.items() if len(texts) >= FEWEST}
        for source, own in groups.items()
    }


def aspect_pieces(data: Path, cutter: Cutter) -> list[Piece]:
    """Sentences of MAMS, whose aspects and their polarities are known, and whose opinions are not."""
    pieces = []
    for record in labelled(data, "aspects/mams_atsa", "train"):
        (tokens,) = cutter.tokens([record["text"]])
        spans = [(aspect["start"], aspect["end"]) for aspect in record["aspects"]]
        polarities = []
        for (start, end), aspect in zip(spans, record["aspects"], strict=True):
            inside = [place for place, (begin, stop) in enumerate(tokens.offsets) if begin < end and stop > start]
            if inside and inside[-1] < LONGEST:
                polarities.append((inside[0], inside[-1] + 1, LABELS.index(aspect["polarity"])))
        pieces.append(Piece(tokens.ids[:LONGEST], tags(tokens, spans), None, "", tuple(polarities)))
    return pieces


def records_of_segments(data: Path, *, seed: int) -> list[list[str]]:
    """Open records as lists of their sentences, at most twelve."""
    records: list[str] = []
    for file, most in RECORDS.items():
        texts = [record["text"] for record in labelled(data, file, "train")]
        records += [texts[place] for place in np.random.default_rng(seed).permutation(len(texts))[:most]]
    parted = ([part for part in re.split(r"(?<=[.!?])\s+|\n+", text[:700].strip()) if part.strip()] for text in records)
    return [parts[:12] for parts in parted if parts]


def _records(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)
