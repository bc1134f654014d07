"""Look at records as they come in: stage, theme, pains, before the next analysis of the whole data set.

New segments are compared with the themes of the last analysis; they join the nearest one if they are as close to its
centre as most of its members are. No theme is made or changed here. Pains and stages are found as in an analysis.

Invariants, tested: the stage, theme and severity of a segment never depend on the other segments; no segment is lost;
without an earlier analysis no segment has a theme.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.steps.journey import place_segments_on_journey
from textcx.steps.pain_points import find_pains, mark_pains
from textcx.steps.themes import is_boilerplate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textcx.domain.journey import JourneyTaxonomy
    from textcx.domain.pain_points import PainLexicon
    from textcx.ports import PhraseFinder
    from textcx.steps.journey import StageVectors

CLOSE = 0.10
"""Share of a theme's members that lie farther from its centre than a new segment may."""
FEWEST = 2
"""Members that a theme needs to be compared with."""
LEAST = 0.25
"""No segment joins a theme at a smaller cosine than this."""


@dataclass(frozen=True, slots=True)
class ThemeAnchors:
    """Centres of themes.

    ``theme_ids`` in the order of ``centres`` (unit length, shape ``(themes, width)``) and of ``reach`` (the smallest
    cosine that still belongs, shape ``(themes,)``).
    """

    theme_ids: tuple[str, ...]
    centres: NDArray[np.float32]
    reach: NDArray[np.float32]

    @classmethod
    def none(cls) -> ThemeAnchors:
        """Return the anchors of no theme."""
        return cls((), np.zeros((0, 0), dtype=np.float32), np.zeros(0, dtype=np.float32))

    @classmethod
    def of(cls, mentions: pl.DataFrame, segment_ids: pl.Series, vectors: NDArray[np.float32]) -> ThemeAnchors:
        """Make the anchors of an analysis.

        Args:
            mentions: ``segment_id`` and ``theme_id``.
            segment_ids: Of the segments, in the order of ``vectors``.
            vectors: Unit length. Shape ``(segments, width)``.
        """
        places = pl.DataFrame({"segment_id": segment_ids}).with_row_index("place")
        members = mentions.join(places, on="segment_id").group_by("theme_id").agg("place").sort("theme_id")
        ids: list[str] = []
        centres: list[NDArray[np.float32]] = []
        reach: list[float] = []
        for theme_id, own in members.iter_rows():
            if len(own) < FEWEST:
                continue
            points = vectors[np.asarray(own)]
            centre = points.mean(axis=0, dtype=np.float64)
            centre /= max(float(np.linalg.norm(centre)), 1e-12)
            ids.append(theme_id)
            centres.append(centre.astype(np.float32))
            reach.append(max(LEAST, float(np.quantile(points @ centre, CLOSE))))
        if not ids:
            return cls.none()
        return cls(tuple(ids), np.stack(centres), np.asarray(reach, dtype=np.float32))

    def to_bytes(self) -> bytes:
        """Return the anchors as Parquet."""
        out = io.BytesIO()
        pl.DataFrame(
            {"theme_id": list(self.theme_ids), "centre": self.centres.tolist(), "reach": self.reach},
            schema={"theme_id": pl.String, "centre": pl.List(pl.Float32), "reach": pl.Float32},
        ).write_parquet(out)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> ThemeAnchors:
        """Read anchors back."""
        frame = pl.read_parquet(io.BytesIO(content))
        if not frame.height:
            return cls.none()
        return cls(
            tuple(frame["theme_id"]), np.asarray(frame["centre"].to_list(), dtype=np.float32), frame["reach"].to_numpy()
        )

    def nearest(self, texts: list[str], vectors: NDArray[np.float32]) -> tuple[list[str | None], list[float | None]]:
        """Say which theme each segment raises, and how strongly (its cosine, 0..1); null where none.

        Args:
            texts: Redacted texts of the segments.
            vectors: Unit length. Shape ``(segments, width)``.
        """
        if not self.theme_ids or not texts:
            return [None] * len(texts), [None] * len(texts)
        cosines = np.round(vectors.astype(np.float64) @ self.centres.T.astype(np.float64), 6)
        best = (cosines - self.reach).argmax(axis=1)
        close = cosines[np.arange(len(texts)), best]
        joins = [
            bool(value >= self.reach[index]) and not is_boilerplate(text)
            for value, index, text in zip(close, best, texts, strict=True)
        ]
        return (
            [self.theme_ids[index] if joined else None for index, joined in zip(best, joins, strict=True)],
            [min(1.0, float(value)) if joined else None for value, joined in zip(close, joins, strict=True)],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalTools:
    """What arrivals are looked at with."""

    phrases: PhraseFinder
    journey: JourneyTaxonomy
    stages: StageVectors
    lexicon: PainLexicon
    pain_threshold: float
    offer_words: frozenset[str]


def look_at_arrivals(
    segments: pl.DataFrame, vectors: NDArray[np.floating[Any]], *, anchors: ThemeAnchors, tools: ArrivalTools
) -> pl.DataFrame:
    """Find out about new segments what can be found without the others.

    Args:
        segments: ``segment_id`` (unique), ``record_id``, ``text``, ``touchpoint``, ``question``, probabilities.
        vectors: One per segment, of any length. Shape ``(segments, width)``.
        anchors: Themes of the last analysis.
        tools: The engines.

    Returns:
        The segments in their order, with ``stage``, ``stage_confidence``, ``theme_id``, ``strength``, ``pain``,
        ``aspect``, ``statement``, ``severity`` and ``reasons``.
    """
    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
    unit = vectors.astype(np.float32) / np.maximum(lengths, np.float32(1e-12))
    stages = place_segments_on_journey(segments, unit, taxonomy=tools.journey, stage_vectors=tools.stages)
    pains = find_pains(
        segments, phrases=tools.phrases, lexicon=tools.lexicon, threshold=tools.pain_threshold,
        offer_words=tools.offer_words,
    )  # fmt: skip
    theme_ids, strengths = anchors.nearest(segments["text"].to_list(), unit)
    return (
        mark_pains(segments, pains)
        .with_columns(
            pl.Series("theme_id", theme_ids, dtype=pl.String), pl.Series("strength", strengths, dtype=pl.Float64)
        )
        .join(stages, on="segment_id", how="left", maintain_order="left")
        .join(
            pains.filter("specific").select("segment_id", "aspect", "statement", "severity", "reasons"),
            on="segment_id", how="left", maintain_order="left",
        )
    )  # fmt: skip
