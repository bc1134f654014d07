"""Mark repeated feedback.

Two records repeat each other where the same respondent said the same again, or where a text of eight words or more is
a copy of another, exactly or nearly. Short answers of different people ("great service") are no duplicates: that many
people said so is the finding.

The method is MinHash with locality-sensitive hashing (Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of Massive
Datasets", chapter 3) over pairs of neighbouring words; what it proposes is verified by the exact similarity.

Invariants, all tested: the order of the input never matters; a record that others point to is never marked itself;
and a near copy is similar to the very record it points to, not to a neighbour's neighbour.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MIN_WORDS = 8
"""Copies of fewer words count as independent answers, unless one respondent gave both."""

MIN_SIMILARITY = 0.8
"""Jaccard similarity of the pairs of words from which on two texts are copies."""

_BANDS = 16
_ROWS = 4
_HASHES = _BANDS * _ROWS
_LIKELY = 0.6  # share of equal hashes from which on a pair is worth verifying: 0.8 less three standard errors
_MOST_COMPARED = 200  # earlier records of one band that a record is compared with


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
        normal=pl.col("text").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars(),
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
    ids = distinct["record_id"]
    near = pl.DataFrame({"kept": ids, "duplicate_of": ids.gather(_nearest_original(distinct["normal"].to_list()))})
    return exact.join(near, on="kept", how="left").select("record_id", "duplicate_of")


def _nearest_original(texts: Sequence[str]) -> NDArray[np.int64]:
    """Find for each text the place of the first earlier one that it nearly copies and that copies none itself.

    ``texts``: distinct normal forms of at least two words, the earliest first. Its own place where there is none.
    """
    original = np.arange(len(texts))
    if len(texts) <= 1:
        return original
    shingles, starts = _shingles(texts)
    signatures = _signatures(shingles, starts)
    buckets = _shared_buckets(signatures)
    members: dict[int, list[int]] = {}
    ends = np.append(starts[1:], len(shingles))
    for place in np.unique(np.nonzero(buckets >= 0)[0]).tolist():
        keys = [key for key in buckets[place].tolist() if key >= 0]
        candidates = sorted({earlier for key in keys for earlier in members.get(key, ())[:_MOST_COMPARED]})
        if candidates:
            alike = (signatures[candidates] == signatures[place]).mean(axis=1) >= _LIKELY
            own = np.unique(shingles[starts[place] : ends[place]])
            for earlier in np.array(candidates)[alike].tolist():
                if _jaccard(own, np.unique(shingles[starts[earlier] : ends[earlier]])) >= MIN_SIMILARITY:
                    original[place] = earlier
                    break
        if original[place] == place:
            for key in keys:
                members.setdefault(key, []).append(place)
    return original


def _shingles(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Hash every pair of neighbouring words; return all hashes in a row and where each text's begin."""
    split = [text.split(" ") for text in texts]
    vocabulary = {word: _hash_word(word) for word in {word for words in split for word in words}}
    flat = np.array([vocabulary[word] for words in split for word in words], dtype=np.uint64)
    lengths = np.array([len(words) for words in split])
    first = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    pairs = _mixed(flat[:-1] * np.uint64(0x9E3779B97F4A7C15) + flat[1:])
    last_words = np.cumsum(lengths)[:-1] - 1  # no pair reaches from one text into the next
    return np.delete(pairs, last_words), first - np.arange(len(texts))


def _hash_word(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread 64-bit values (the finalizer of SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _signatures(shingles: NDArray[np.uint64], starts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """MinHash of each text. Shape ``(texts, hashes)``."""
    generator = np.random.default_rng(0)
    factors = generator.integers(1, 2**63, size=_HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    offsets = generator.integers(0, 2**63, size=_HASHES, dtype=np.uint64)
    columns = [
        np.minimum.reduceat(shingles * factor + offset, starts) for factor, offset in zip(factors, offsets, strict=True)
    ]
    return np.stack(columns, axis=1)


def _shared_buckets(signatures: NDArray[np.uint64]) -> NDArray[np.int64]:
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


def _jaccard(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> float:
    common = len(np.intersect1d(left, right, assume_unique=True))
    return common / (len(left) + len(right) - common)
