"""Choose the quotes that show what a theme or a pain point is about: central, different from each other, readable.

Invariants, tested: a quote is a segment as it stands, so its offsets hold; no two quotes come from one record or one
known respondent, or say the same; the order of the candidates never matters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from textcx.domain.errors import ShapeMismatch
from textcx.steps.text.redact import MASK

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

SHORTEST, LONGEST = 30, 240
"""Length, in characters, of a quote that reads well."""

VARIETY = 0.5
"""How much a quote's likeness to those already chosen counts against it."""

POOL = 400
"""Candidates that are compared with each other at most: the heaviest and most central."""


def choose_evidence(
    candidates: pl.DataFrame, vectors: NDArray[np.float32], *, limit: int, continuing: re.Pattern[str]
) -> list[dict[str, Any]]:
    """Choose quotes by centrality and variety (maximal marginal relevance; Carbonell and Goldstein, 1998).

    ``candidates`` are segments with unit ``vectors``, shape ``(candidates, width)``; one of twice the ``weight`` (0 or
    more, by default 1) is twice as welcome. A text that begins as ``continuing`` reads less well alone.

    Returns:
        Quotes, best first: ``record_id``, ``start``, ``end``, ``quote``; fewer than ``limit`` where there are no more.

    Raises:
        ShapeMismatch: If there is not one vector per candidate.
    """
    check_vectors(vectors, candidates)
    if not candidates.height or limit < 1:
        return []
    order = candidates.with_row_index("row").sort("record_id", "start", "end")["row"].to_numpy()
    rows = candidates[order].to_dicts()
    matrix = vectors[order].astype(np.float64)
    centre = matrix.mean(axis=0)
    centrality = matrix @ (centre / max(float(np.linalg.norm(centre)), 1e-12))
    weights = np.array([float(row.get("weight") or 0.0) if "weight" in row else 1.0 for row in rows])
    readable = np.array([readability(row["text"], continuing) for row in rows])
    value = np.round(np.maximum(centrality, 0.01) * weights * readable, 6)
    pool = np.argsort(-value, kind="stable")[:POOL]
    quotes: list[dict[str, Any]] = []
    seen: set[str] = set()
    likeness = np.zeros(len(rows))
    while len(quotes) < limit:
        gain = np.round(value * (1.0 - VARIETY * likeness), 6)
        free = [index for index in pool.tolist() if not seen & _identities(rows[index])]
        if not free:
            break
        best = max(free, key=lambda index: (gain[index], -index))
        row = rows[best]
        quotes.append({"record_id": row["record_id"], "start": row["start"], "end": row["end"], "quote": row["text"]})
        seen |= _identities(row)
        likeness = np.maximum(likeness, np.round(matrix @ matrix[best], 6))
    return quotes


def check_vectors(vectors: NDArray[np.float32], segments: pl.DataFrame) -> None:
    """Raise ``ShapeMismatch`` unless there is one vector per segment."""
    if len(vectors) != segments.height:
        msg = f"{segments.height} segments came with {len(vectors)} vectors; expected one vector per segment"
        raise ShapeMismatch(msg)


def readability(text: str, continuing: re.Pattern[str]) -> float:
    """How well a text reads as a quote, 0..1: not too short, not too long, little masked, not a fragment or a shout."""
    length = len(text)
    value = min(1.0, 0.3 + 0.7 * length / SHORTEST) if length < SHORTEST else 1.0
    if length > LONGEST:
        value *= max(0.2, LONGEST / length)
    value *= 1.0 - min(0.8, 3.0 * text.count(MASK) / max(1, length))
    if text[:1].isalpha() and continuing.match(text):
        value *= 0.85
    letters = [character for character in text if character.isalpha()]
    if len(letters) < 0.6 * max(1, length - text.count(" ")):
        value *= 0.6
    if letters and sum(character.isupper() for character in letters) > 0.6 * len(letters):
        value *= 0.8
    return value


def _identities(row: dict[str, Any]) -> set[str]:
    """What no two quotes may share: record, respondent, wording."""
    wording = " ".join(re.findall(r"\w+", row["text"].lower()))
    identities = {f"record:{row['record_id']}", f"wording:{wording}"}
    if row.get("respondent_id") is not None:
        identities.add(f"respondent:{row['respondent_id']}")
    return identities
