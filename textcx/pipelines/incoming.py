"""Look at records as they come in: stage, theme, pains, before the next analysis of the whole data set.

New segments are assigned to the data set's current theme set as ``textcx analyze --themes`` assigns them: by the same
function, with the same strengths, boilerplate in no theme. No theme is made or changed here. Pains and stages are found
as in an analysis.

Invariants, tested: the stage, theme and severity of a segment never depend on the other segments; no segment is lost;
without a theme set no segment has a theme; a hidden theme is not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.steps.journey import place_segments_on_journey
from textcx.steps.measures.findings import with_primary
from textcx.steps.pains.find import find_pains, mark_pains
from textcx.steps.themes.assignment.assign import assign_themes
from textcx.steps.themes.describing.describe import shown_leaves
from textcx.steps.themes.finding.find import is_boilerplate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from textcx.domain.lexicons.journey import JourneyTaxonomy
    from textcx.domain.lexicons.language import Language
    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.themes.sets import ThemeSet
    from textcx.ports import PhraseFinder
    from textcx.steps.journey import StageVectors


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingTools:
    """What arrivals are looked at with."""

    phrases: PhraseFinder
    language: Language
    stages: StageVectors
    pain_threshold: float
    offer_words: frozenset[str]


def analyze_incoming(
    segments: pl.DataFrame, vectors: NDArray[np.floating[Any]], *, theme_set: ThemeSet | None, tools: IncomingTools
) -> pl.DataFrame:
    """Find out about new segments what can be found without the others.

    Args:
        segments: ``segment_id`` (unique), ``record_id``, ``text``, ``touchpoint``, ``question``, probabilities.
        vectors: One per segment, of any length. Shape ``(segments, width)``.
        theme_set: The current themes; null where there are none yet.
        tools: The engines.

    Returns:
        The segments in their order, with ``stage``, ``stage_confidence``, ``theme_id``, ``strength``, ``pain``,
        ``aspect``, ``statement``, ``severity`` and ``reasons``.
    """
    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True)
    unit = vectors.astype(np.float32) / np.maximum(lengths, np.float32(1e-12))
    stages = place_segments_on_journey(segments, unit, taxonomy=tools.language.journey, stage_vectors=tools.stages)
    pains = find_pains(
        segments, phrases=tools.phrases, lexicon=tools.language.pains, threshold=tools.pain_threshold,
        offer_words=tools.offer_words,
    )  # fmt: skip
    return (
        mark_pains(segments, pains)
        .with_columns(_raised(theme_set, segments, unit, naming=tools.language.naming))
        .join(stages, on="segment_id", how="left", maintain_order="left")
        .join(
            pains.filter("specific").select("segment_id", "aspect", "statement", "severity", "reasons"),
            on="segment_id", how="left", maintain_order="left",
        )
    )  # fmt: skip


def main_subjects(
    segments: pl.DataFrame, *, theme_set: ThemeSet | None, taxonomy: JourneyTaxonomy, level: int
) -> pl.DataFrame:
    """Say which theme and stage each new record is mainly about, as an analysis does.

    Args:
        segments: ``record_id``, ``stage``, ``stage_confidence``, ``theme_id`` (a leaf, nullable) and ``strength``.
        theme_set: The set that the themes are of.
        taxonomy: The stages.
        level: Level of the themes told, 1 to 3.

    Returns:
        ``record_id``, ``primary_theme_id`` and ``primary_stage`` of each record, sorted by ``record_id``.
    """
    shown = {} if theme_set is None else theme_set.at_level(level)
    told = pl.col("theme_id").replace_strict(shown, default=None, return_dtype=pl.String)
    mentions = segments.select("record_id", theme_id=told, strength="strength").drop_nulls("theme_id")
    records = segments.select("record_id").unique().sort("record_id")
    return with_primary(records, segments, mentions, taxonomy=taxonomy)


def _raised(
    theme_set: ThemeSet | None, segments: pl.DataFrame, unit: NDArray[np.float32], *, naming: NamingWords
) -> list[pl.Series]:
    """Theme of each segment (a leaf) and its strength there, 0..1; both null where none."""
    theme_ids: list[str | None] = [None] * segments.height
    strengths: list[float | None] = [None] * segments.height
    if theme_set is not None:
        substantive = [row for row, text in enumerate(segments["text"]) if not is_boilerplate(text, naming)]
        ids = segments["segment_id"].gather(substantive).to_list()
        assigned = assign_themes(theme_set, unit[substantive], segment_ids=ids)
        shown = shown_leaves(theme_set)
        for row, theme_id, strength in zip(substantive, assigned.theme_ids, assigned.strengths.tolist(), strict=True):
            if theme_id in shown:
                theme_ids[row], strengths[row] = theme_id, strength
    return [pl.Series("theme_id", theme_ids, dtype=pl.String), pl.Series("strength", strengths, dtype=pl.Float64)]
