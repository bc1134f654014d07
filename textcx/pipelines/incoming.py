"""Records as they arrive: stage, theme and pains, before the next analysis of the whole data set.

New segments are assigned to the data set's current theme set as ``textcx analyze --themes`` assigns them; no theme is
made or changed here. Pains and stages are found as in an analysis.

Invariants, tested: the stage and theme of a segment never depend on the other segments, and its severity on those of
its record only; no segment is lost; without a theme set no segment has a theme; a hidden theme is not shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.steps.journey import place_segments_on_journey, with_primary
from textcx.steps.pains.find import find_pains, mark_pains
from textcx.steps.sentiment.encode import unit_length
from textcx.steps.themes.finding.find import raised_themes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.lexicons.journey import JourneyTaxonomy
    from textcx.domain.lexicons.language import Language
    from textcx.domain.themes.sets import ThemeSet
    from textcx.ports import PhraseFinder
    from textcx.steps.journey import StageVectors


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingTools:
    """What segments are analyzed with. ``stages`` are the encoded phrases of its journey."""

    phrases: PhraseFinder
    language: Language
    stages: StageVectors
    pain_threshold: float
    offer_words: frozenset[str]


def stages_of(segments: pl.DataFrame, matters: NDArray[np.float32], *, tools: IncomingTools) -> pl.DataFrame:
    """Place segments on the journey: ``segment_id``, ``stage`` and ``stage_confidence``, sorted by ``segment_id``."""
    return place_segments_on_journey(segments, matters, taxonomy=tools.language.journey, stage_vectors=tools.stages)


def pains_of(segments: pl.DataFrame, *, tools: IncomingTools) -> pl.DataFrame:
    """Find the pains in segments: the table of ``find_pains``."""
    return find_pains(
        segments,
        phrases=tools.phrases,
        lexicon=tools.language.pains,
        threshold=tools.pain_threshold,
        offer_words=tools.offer_words,
    )


def analyze_incoming(
    segments: pl.DataFrame,
    matters: NDArray[np.floating[Any]],
    *,
    theme_set: ThemeSet | None,
    tools: IncomingTools,
) -> pl.DataFrame:
    """Find out about new segments what can be found without the others.

    ``matters``: a vector per segment, of any length, shape ``(segments, width)``. ``theme_set``: the current themes, if
    any.

    Returns:
        The segments in their order, with ``stage``, ``stage_confidence``, ``theme_id``, ``strength``, ``pain``,
        ``aspect``, ``statement``, ``severity`` and ``reasons``.
    """
    about = unit_length(matters)
    stages, pains = stages_of(segments, about, tools=tools), pains_of(segments, tools=tools)
    specific = pains.filter("specific").select("segment_id", "aspect", "statement", "severity", "reasons")
    themes = raised_themes(theme_set, segments, about, naming=tools.language.naming)
    found = mark_pains(segments, pains).with_columns(themes)
    for more in (stages, specific):
        found = found.join(more, on="segment_id", how="left", maintain_order="left")
    return found


def main_subjects(
    segments: pl.DataFrame, *, theme_set: ThemeSet | None, taxonomy: JourneyTaxonomy, level: int
) -> pl.DataFrame:
    """Say which theme of a level (1 to 3) and which stage each new record is mainly about, as an analysis does.

    Returns:
        ``record_id``, ``primary_theme_id`` and ``primary_stage`` of each record, sorted by ``record_id``.
    """
    shown = {} if theme_set is None else theme_set.at_level(level)
    theme_id = pl.col("theme_id").replace_strict(shown, default=None, return_dtype=pl.String)
    mentions = segments.select("record_id", theme_id=theme_id, strength="strength").drop_nulls("theme_id")
    records = segments.select("record_id").unique().sort("record_id")
    return with_primary(records, segments, mentions, taxonomy=taxonomy)
