"""Place segments on the customer journey.

Where a record's touchpoint maps onto a stage, that decides. Otherwise a segment is compared with the example sentences
of every stage and of the background (sentences that belong to no stage): the mean cosine similarity to the nearest
``NEIGHBOURS`` examples, sharpened by ``TEMPERATURE``, plus a bonus for cue phrases, becomes a probability over stages
and background (softmax, nearest-neighbour classification over example sentences). The likeliest stage is taken where
its probability reaches a threshold; otherwise the answer is "unknown", which is a valid answer.

Which of several taxonomies a file takes is told by the same placements, over a sample: the one whose placements are
surest, the first one on a tie.

Invariants, tested: the order of segments never matters, a segment's stage never depends on other segments, and no
segment is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.lexicons.cues import cue_regex
from textcx.domain.lexicons.journey import UNKNOWN, JourneyTaxonomy, touchpoint_key
from textcx.domain.tables import JOURNEY
from textcx.steps.evidence import check_vectors
from textcx.steps.statistics.intervals import clustered_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.ports import Encoder

NEIGHBOURS = 2
TEMPERATURE = 0.06
CUE_BONUS = 2.5
MOST_CUES = 2
BACKGROUND_FLOOR = 0.25
"""A text farther than this cosine from every example counts as background."""
MIN_CONFIDENCE = 0.40
CHUNK = 4096
FIT_SAMPLE = 2000
"""Segments that tell which taxonomy fits: the standard error of a mean certainty is below 0.01 then."""
FIT_MARGIN = 0.025
"""Less mean certainty than this above the first taxonomy is a tie: files of a trade without a journey of its own gain a
little from sectors they do not belong to. Chosen by looking at files; no benchmark holds it yet."""
FIT_ERRORS = 2.0
"""So many standard errors of the gain must lie above zero, or it is a tie: files of a few records tell little."""


@dataclass(frozen=True, slots=True)
class StageVectors:
    """Encoded examples of a taxonomy, unit length, and the index of each one's stage (the last is the background)."""

    vectors: NDArray[np.float32]
    stages: NDArray[np.int64]


def stage_vectors(taxonomy: JourneyTaxonomy, encoder: Encoder) -> StageVectors:
    """Encode the examples of a taxonomy, once per run, with the encoder that made the segments' vectors."""
    groups = [*(stage.examples for stage in taxonomy.stages), taxonomy.background]
    vectors = encoder.encode([text for examples in groups for text in examples]).vectors
    stages = np.repeat(np.arange(len(groups)), [len(examples) for examples in groups])
    return StageVectors(vectors=np.asarray(vectors, dtype=np.float32), stages=stages)


def _similarities(vectors: NDArray[np.float32], examples: StageVectors, n_stages: int) -> NDArray[np.float64]:
    """Mean cosine to the nearest examples of each stage and of the background: shape ``(segments, stages + 1)``."""
    result = np.full((len(vectors), n_stages + 1), BACKGROUND_FLOOR)
    for begin in range(0, len(vectors), CHUNK):
        cosines = vectors[begin : begin + CHUNK] @ examples.vectors.T
        for stage in range(n_stages + 1):
            own = cosines[:, examples.stages == stage]
            if own.shape[1]:
                nearest = -np.sort(-own, axis=1)[:, :NEIGHBOURS]
                result[begin : begin + CHUNK, stage] = nearest.mean(axis=1, dtype=np.float64)
    result[:, n_stages] = np.maximum(result[:, n_stages], BACKGROUND_FLOOR)
    return result


def place_segments_on_journey(
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    taxonomy: JourneyTaxonomy,
    stage_vectors: StageVectors,
) -> pl.DataFrame:
    """Place each segment on a stage of the journey, or on "unknown".

    ``vectors``: of the segments, unit length, shape ``(segments, dimensions)``. Where ``touchpoint`` is not known it is
    null, or there is no such column.

    Returns:
        segment_id, stage, stage_confidence (0..1: how sure the answer is; for "unknown" the probability that the
        likeliest stage is wrong), sorted by segment_id.

    Raises:
        ShapeMismatch: If there are not as many vectors as segments.
    """
    check_vectors(vectors, segments)
    ids = [*taxonomy.stage_ids, UNKNOWN]
    logits = _similarities(vectors, stage_vectors, len(ids) - 1) / TEMPERATURE
    text = pl.col("text").str.replace_all("\u2019", "'", literal=True)
    counts = segments.select(
        text.str.count_matches(cue_regex(stage.cues, numbers=taxonomy.numbers))
        .clip(0, MOST_CUES)
        .fill_null(0)
        .alias(stage.id)
        for stage in taxonomy.stages
    )
    logits[:, :-1] += CUE_BONUS * counts.to_numpy().astype(np.float64)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    best = probabilities[:, :-1].argmax(axis=1)
    likelihood = probabilities[np.arange(segments.height), best]
    known = likelihood >= MIN_CONFIDENCE
    placed = segments.select(
        "segment_id",
        stage=pl.Series([ids[index] for index in np.where(known, best, len(ids) - 1)], dtype=pl.String),
        stage_confidence=pl.Series(np.where(known, likelihood, 1.0 - likelihood)),
    )
    if "touchpoint" in segments.columns:
        names = segments["touchpoint"].drop_nulls().unique().to_list()
        by_name = {name: taxonomy.touchpoint_stages.get(touchpoint_key(name)) for name in names}
        mapped = segments["touchpoint"].cast(pl.String).replace_strict(by_name, default=None, return_dtype=pl.String)
        placed = placed.with_columns(
            stage=pl.coalesce(mapped, "stage"),
            stage_confidence=pl.when(mapped.is_not_null()).then(1.0).otherwise("stage_confidence"),
        )
    return placed.sort("segment_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyFit:
    """The taxonomy of a file with its vectors, and the mean certainty of each candidate's placements, 0..1, by name.

    ``certainty`` and ``notes`` are empty where there was no choice.
    """

    taxonomy: JourneyTaxonomy
    stage_vectors: StageVectors
    certainty: dict[str, float]
    notes: tuple[str, ...] = ()


def fit_journey(
    segments: pl.DataFrame, vectors: NDArray[np.float32], *, candidates: Sequence[JourneyTaxonomy], encoder: Encoder
) -> JourneyFit:
    """Choose the taxonomy that fits best: the highest mean certainty of placements, where "unknown" counts as 0.

    It is taken over at most ``FIT_SAMPLE`` segments that count, evenly spaced in the order of their texts. The first
    candidate stays unless another one is surer by more than ``FIT_MARGIN`` and ``FIT_ERRORS`` standard errors.
    """
    check_vectors(vectors, segments)
    sample = segments.with_row_index("place").filter("counted").sort("text", "segment_id")
    sample = sample.gather_every(max(1, -(-sample.height // FIT_SAMPLE)))
    if len(candidates) == 1 or sample.is_empty():
        return JourneyFit(taxonomy=candidates[0], stage_vectors=stage_vectors(candidates[0], encoder), certainty={})
    own, encoded = vectors[sample["place"].to_numpy()], [stage_vectors(each, encoder) for each in candidates]
    known = pl.when(pl.col("stage") != UNKNOWN).then("stage_confidence").otherwise(0.0)
    sure = np.column_stack(
        [
            place_segments_on_journey(sample, own, taxonomy=taxonomy, stage_vectors=vectors_of).select(known).to_numpy()
            for taxonomy, vectors_of in zip(candidates, encoded, strict=True)
        ]
    )
    means, gains = sure.mean(axis=0), sure - sure[:, :1]
    needed = np.maximum(FIT_MARGIN, FIT_ERRORS * gains.std(axis=0) / len(sure) ** 0.5)
    needed[0] = -1.0
    best = int(np.where(gains.mean(axis=0) > needed, means, -1.0).argmax())
    certainty = {each.name: round(float(mean), 3) for each, mean in zip(candidates, means, strict=True)}
    first, chosen = candidates[0].name, candidates[best].name
    why = f"of '{first}' {certainty[first]:.2f}" if best else "no other one is clearly surer"
    note = f"Journey '{chosen}' fits best: mean certainty of placements {certainty[chosen]:.2f} ({why})."
    return JourneyFit(taxonomy=candidates[best], stage_vectors=encoded[best], certainty=certainty, notes=(note,))


def find_primary_stages(segments: pl.DataFrame, *, taxonomy: JourneyTaxonomy) -> pl.DataFrame:
    """Tell the stage each record is mostly about; an earlier one wins a draw.

    Returns:
        record_id, primary_stage ("unknown" only where no segment was placed), sorted by record_id.
    """
    order = {stage: number for number, stage in enumerate(taxonomy.stage_ids)}
    return (
        segments.sort("record_id", "stage", "stage_confidence")
        .group_by("record_id", "stage", maintain_order=True)
        .agg(weight=pl.col("stage_confidence").sum().round(9))
        .with_columns(
            weight=pl.when(pl.col("stage") == UNKNOWN).then(-1.0).otherwise("weight"),
            order=pl.col("stage").replace_strict(order, default=len(order), return_dtype=pl.Int64),
        )
        .sort("record_id", "weight", "order", descending=[False, True, False], nulls_last=True)
        .group_by("record_id", maintain_order=True)
        .agg(primary_stage=pl.col("stage").first())
    )


def with_primary(
    records: pl.DataFrame, segments: pl.DataFrame, mentions: pl.DataFrame, *, taxonomy: JourneyTaxonomy
) -> pl.DataFrame:
    """Add the theme and the stage that each record is mainly about.

    The primary theme is the one with the largest sum of strengths over the record's mentions; ties go to the smaller
    id.
    """
    theme = (
        mentions.group_by("record_id", "theme_id")
        .agg(weight=pl.col("strength").sum().round(9))
        .sort("record_id", "weight", "theme_id", descending=[False, True, False])
        .group_by("record_id", maintain_order=True)
        .agg(primary_theme_id=pl.col("theme_id").first())
    )
    for primary in (theme, find_primary_stages(segments, taxonomy=taxonomy)):
        records = records.join(primary, on="record_id", how="left", maintain_order="left")
    return records


def summarize_journey(segments: pl.DataFrame, *, taxonomy: JourneyTaxonomy) -> pl.DataFrame:
    """Summarize sentiment along the journey, over counted records.

    Returns:
        The journey table: one row per stage in journey order, "unknown" last, all stages present. ``polarity`` is the
        mean over segments, -1..1, with a 95 % t interval clustered by respondent (by record where unknown);
        ``negative_share`` is the share of segments labelled negative, 0..1. Stages nobody spoke of have nulls.
    """
    counted = segments.filter("counted").sort("segment_id")
    counted = counted.with_columns(who=pl.coalesce("respondent_id", "record_id"))
    rows = []
    for stage in [*taxonomy.stage_ids, UNKNOWN]:
        own = counted.filter(pl.col("stage") == stage)
        row: dict[str, object] = {"stage": stage, "segments": own.height, "respondents": own["who"].n_unique()}
        if own.height:
            values = own["polarity"].cast(pl.Float64).to_numpy()
            row["polarity"] = mean = float(values.mean())
            sums = np.bincount(own["who"].rank("dense").to_numpy() - 1, weights=values - mean).astype(np.float64)
            row["ci_low"], row["ci_high"] = clustered_interval(mean, sums, own.height, low=-1.0, high=1.0)
            row["negative_share"] = float((own["label"] == "negative").sum()) / own.height
        rows.append(row)
    return pl.DataFrame(rows, schema=JOURNEY)
