"""Mark repeated feedback.

Two records repeat each other where the same respondent said the same again, or where a text of six words or more is a
copy of another, exactly or nearly. Short answers of different people ("great service") are no duplicates: that many
people said so is the finding.

Two texts are nearly copies where they share half of their shingles, the runs of five characters that they hold. That
lets one word change in a text of seven, and tells texts apart that share only their frame ("The ... was late and the
... was broken"); shorter shingles make long texts alike that have nothing to do with each other. Similar pairs are
found by MinHash with locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive
Datasets", chapter 3) and then compared shingle by shingle.

Invariants, all tested: the order of the input never matters; a record that others point to is never marked itself;
and a near copy is similar to the very record it points to, not to a neighbour's neighbour.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MIN_WORDS = 6
"""Copies of fewer words count as independent answers, unless one respondent gave both."""

SHINGLE = 5
"""Characters of a shingle; a blank stands between words and at both ends of a text."""

MIN_SIMILARITY = 0.5
"""Jaccard similarity of the shingles from which on two texts are copies, 0..1."""

_BANDS = 32
_ROWS = 3
_LIKELY = 0.35  # share of equal hashes from which on a pair is worth verifying: 0.5 less three standard errors
_MOST_COMPARED = 200  # earlier records of one bucket that a record is compared with
_AT_ONCE = 4096  # texts whose shingles are in memory together


def mark_duplicates(records: pl.DataFrame) -> pl.DataFrame:
    """Find out which records (text masked, respondent and date nullable, in any order) repeat an earlier one.

    Returns:
        Columns ``record_id`` and ``duplicate_of``, sorted by ``record_id``: the id of the record it repeats, the
        earliest (by ``created_at``, then ``record_id``) of its kind, or null.
    """
    ordered = records.select(
        "record_id",
        "created_at",
        "respondent_id",
        normal=pl.col("text")
        .str.to_lowercase()
        .str.replace_all(r"['\u2019]", "")
        .str.replace_all(r"[^\p{L}\p{N}]+", " ")
        .str.strip_chars(),
        text=pl.col("text").str.strip_chars(),
    ).sort("created_at", "record_id", nulls_last=True)
    is_long = pl.col("normal").str.count_matches(" ", literal=True) + 1 >= MIN_WORDS
    pairs = pl.concat([_copies(ordered.filter(is_long)), _same_respondent(ordered.filter(~is_long))])
    marked = pairs.filter(pl.col("duplicate_of") != pl.col("record_id"))
    return (
        records.select("record_id")
        .join(marked, on="record_id", how="left")
        .select("record_id", pl.col("duplicate_of").cast(pl.String))
        .sort("record_id")
    )


def _same_respondent(short: pl.DataFrame) -> pl.DataFrame:
    """Return each record of a known respondent and the first that says the same."""
    wording = pl.when(pl.col("normal") == "").then("text").otherwise("normal")
    first = pl.col("record_id").first().over("respondent_id", wording)
    return short.drop_nulls("respondent_id").select("record_id", duplicate_of=first)


def _copies(long: pl.DataFrame) -> pl.DataFrame:
    """Return each record and the one that it copies, exactly or nearly; itself where it copies none."""
    exact = long.with_columns(kept=pl.col("record_id").first().over("normal"))
    distinct = exact.filter(pl.col("kept") == pl.col("record_id"))
    ids, texts = distinct["record_id"], distinct.select(pl.format(" {} ", "normal")).to_series()
    near = pl.DataFrame({"kept": ids, "duplicate_of": ids.gather(_nearest_original(texts.to_list()))})
    return exact.join(near, on="kept", how="left").select("record_id", "duplicate_of")


def _nearest_original(texts: Sequence[str]) -> NDArray[np.int64]:
    """Find for each text the place of the first earlier one that it nearly copies and that copies none itself.

    ``texts``: distinct normal forms of at least ``SHINGLE`` characters, the earliest first. Its own place where there
    is none.
    """
    original = np.arange(len(texts))
    if len(texts) <= 1:
        return original
    signatures = np.concatenate([_signatures(texts[at : at + _AT_ONCE]) for at in range(0, len(texts), _AT_ONCE)])
    buckets = _shared_buckets(signatures)
    members: dict[int, list[int]] = {}
    for place in np.flatnonzero((buckets >= 0).any(axis=1)).tolist():
        keys = [key for key in buckets[place].tolist() if key >= 0]
        candidates = sorted({earlier for key in keys for earlier in members.get(key, ())})
        likely = (signatures[candidates] == signatures[place]).mean(axis=1) >= _LIKELY
        own = _shingles(texts[place])
        for earlier in compress(candidates, likely):
            other = _shingles(texts[earlier])
            if len(own & other) >= MIN_SIMILARITY * len(own | other):
                original[place] = earlier
                break
        else:
            for key in keys:
                if len(others := members.setdefault(key, [])) < _MOST_COMPARED:
                    others.append(place)
    return original


def _shingles(text: str) -> set[str]:
    return {text[start : start + SHINGLE] for start in range(len(text) - SHINGLE + 1)}


def _signatures(texts: Sequence[str]) -> NDArray[np.uint32]:
    """MinHash of the shingles of each text, 32 bits each. Shape ``(texts, hashes)``."""
    characters = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32)
    hashes = np.zeros(len(characters) - SHINGLE + 1, dtype=np.uint64)
    for column in sliding_window_view(characters, SHINGLE).T:
        hashes = _mixed(hashes + column)
    lengths = np.array([len(text) for text in texts])
    counts = lengths - SHINGLE + 1
    within = np.arange(len(hashes)) < np.repeat(np.cumsum(lengths), lengths)[: len(hashes)] - SHINGLE + 1
    shingles = hashes[within].astype(np.uint32)  # no shingle reaches from one text into the next
    generator = np.random.default_rng(0)
    columns = [
        np.minimum.reduceat(shingles * (factor | np.uint32(1)) + offset, np.cumsum(counts) - counts)
        for factor, offset in generator.integers(0, 2**32, size=(_BANDS * _ROWS, 2), dtype=np.uint32)
    ]
    return np.stack(columns, axis=1)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread 64-bit values (the finalizer of SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _shared_buckets(signatures: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Number the buckets of each band that hold two texts or more; -1 elsewhere. Shape ``(texts, bands)``."""
    numbers = np.full((len(signatures), _BANDS), -1, dtype=np.int64)
    base = 0
    for band in range(_BANDS):
        key = np.zeros(len(signatures), dtype=np.uint64)
        for row in range(band * _ROWS, (band + 1) * _ROWS):
            key = _mixed(key + signatures[:, row])
        _, bucket, counts = np.unique(key, return_inverse=True, return_counts=True)
        shared = counts[bucket] > 1
        numbers[shared, band] = base + bucket[shared]
        base += len(counts)
    return numbers
