"""Place segments on the customer journey.

Where a record's touchpoint maps onto a stage, that decides. Otherwise a segment is compared with the example sentences
of every stage and of the background (sentences that belong to no stage): the mean cosine similarity to the nearest
``NEIGHBOURS`` examples, sharpened by ``TEMPERATURE``, plus a bonus for cue phrases, becomes a probability over stages
and background (softmax, nearest-neighbour classification over example sentences). The likeliest stage is taken where
its probability reaches a threshold; otherwise the answer is "unknown", which is a valid answer.

Invariants, tested: the order of segments never matters, a segment's stage never depends on other segments, and no
segment is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.errors import ShapeMismatch
from textcx.domain.lexicons.cues import cue_regex
from textcx.domain.lexicons.journey import UNKNOWN, JourneyTaxonomy, touchpoint_key
from textcx.domain.tables import JOURNEY
from textcx.steps.statistics.intervals import clustered_interval

if TYPE_CHECKING:
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


@dataclass(frozen=True, slots=True)
class StageVectors:
    """Encoded examples of a taxonomy.

    ``vectors``: unit length, shape ``(examples, dimensions)``. ``stages``: index of each example's stage, the number of
    stages for the background; shape ``(examples,)``.
    """

    vectors: NDArray[np.float32]
    stages: NDArray[np.int64]


def stage_vectors(taxonomy: JourneyTaxonomy, encoder: Encoder) -> StageVectors:
    """Encode the examples of a taxonomy, once per run.

    Args:
        taxonomy: Stages with examples.
        encoder: The encoder that made the segments' vectors.

    Returns:
        Vectors of all examples with the stage each belongs to.
    """
    texts = [text for stage in taxonomy.stages for text in stage.examples]
    owners = [index for index, stage in enumerate(taxonomy.stages) for _ in stage.examples]
    texts += taxonomy.background
    owners += [len(taxonomy.stages)] * len(taxonomy.background)
    vectors = encoder.encode(texts).vectors
    return StageVectors(vectors=np.asarray(vectors, dtype=np.float32), stages=np.asarray(owners, dtype=np.int64))


def _similarities(vectors: NDArray[np.float32], examples: StageVectors, n_stages: int) -> NDArray[np.float64]:
    """Mean cosine to the nearest examples of each stage and of the background: shape ``(segments, stages + 1)``."""
    result = np.full((len(vectors), n_stages + 1), BACKGROUND_FLOOR)
    for begin in range(0, len(vectors), CHUNK):
        cosines = vectors[begin : begin + CHUNK] @ examples.vectors.T
        for stage in range(n_stages + 1):
            own = cosines[:, examples.stages == stage]
            if own.shape[1] == 0:
                continue
            nearest = -np.sort(-own, axis=1)[:, :NEIGHBOURS]
            part = nearest.mean(axis=1, dtype=np.float64)
            result[begin : begin + CHUNK, stage] = np.maximum(part, BACKGROUND_FLOOR) if stage == n_stages else part
    return result


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True)) if len(logits) else logits
    normalized: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True) if len(logits) else logits
    return normalized


def place_segments_on_journey(
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    taxonomy: JourneyTaxonomy,
    stage_vectors: StageVectors,
    min_confidence: float = MIN_CONFIDENCE,
) -> pl.DataFrame:
    """Place each segment on a stage of the journey, or on "unknown".

    Args:
        segments: segment_id, text, and touchpoint where known (null or no column otherwise).
        vectors: Unit vectors of the segments, same order. Shape ``(segments, dimensions)``.
        taxonomy: The stages.
        stage_vectors: The taxonomy's encoded examples.
        min_confidence: Least probability of a stage, 0..1; below it the answer is "unknown".

    Returns:
        segment_id, stage, stage_confidence (0..1: how sure the answer is; for "unknown" the probability that the
        likeliest stage is wrong), sorted by segment_id.

    Raises:
        ShapeMismatch: If there are not as many vectors as segments.
    """
    if len(vectors) != segments.height:
        msg = f"{segments.height} segments came with {len(vectors)} vectors; expected one vector per segment"
        raise ShapeMismatch(msg)
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
    probabilities = _softmax(logits)
    best = probabilities[:, :-1].argmax(axis=1) if segments.height else np.zeros(0, dtype=np.int64)
    likelihood = probabilities[np.arange(segments.height), best]
    known = likelihood >= min_confidence
    placed = pl.DataFrame({
        "segment_id": segments["segment_id"],
        "stage": [ids[index] if sure else UNKNOWN for index, sure in zip(best, known, strict=True)],
        "stage_confidence": np.where(known, likelihood, 1.0 - likelihood),
        "touchpoint": segments["touchpoint"] if "touchpoint" in segments.columns else [None] * segments.height,
    }, schema_overrides={"stage": pl.String, "stage_confidence": pl.Float64, "touchpoint": pl.String})  # fmt: skip
    names = placed["touchpoint"].drop_nulls().unique().to_list()
    by_name = {name: taxonomy.touchpoint_stages.get(touchpoint_key(name)) for name in names}
    told = pl.col("touchpoint").replace_strict(by_name, default=None, return_dtype=pl.String)
    return placed.select(
        "segment_id",
        pl.coalesce(told, "stage").alias("stage"),
        pl.when(told.is_not_null()).then(1.0).otherwise("stage_confidence").alias("stage_confidence"),
    ).sort("segment_id")


def find_primary_stages(segments: pl.DataFrame, *, taxonomy: JourneyTaxonomy) -> pl.DataFrame:
    """Tell the stage each record is mostly about.

    Args:
        segments: record_id, stage, stage_confidence.
        taxonomy: The stages; an earlier one wins a draw.

    Returns:
        record_id, primary_stage ("unknown" only where no segment was placed), sorted by record_id.
    """
    order = pl.DataFrame({"stage": [*taxonomy.stage_ids, UNKNOWN], "order": range(len(taxonomy.stages) + 1)})
    weights = (
        segments.sort("record_id", "stage", "stage_confidence")
        .group_by("record_id", "stage", maintain_order=True)
        .agg(pl.col("stage_confidence").sum().round(9).alias("weight"))
        .with_columns(pl.when(pl.col("stage") == UNKNOWN).then(-1.0).otherwise("weight").alias("weight"))
        .join(order, on="stage", how="left")
    )
    return (
        weights.sort(["record_id", "weight", "order"], descending=[False, True, False], nulls_last=True)
        .group_by("record_id", maintain_order=True)
        .agg(pl.col("stage").first().alias("primary_stage"))
        .sort("record_id")
    )


def _mean_of(values: NDArray[np.float64], groups: list[str]) -> tuple[float, float, float]:
    """Mean of values with its 95 % interval; values of one group may be alike."""
    mean = float(values.mean())
    _, codes = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    sums = np.bincount(codes, weights=values - mean).astype(np.float64)
    return mean, *clustered_interval(mean, sums, len(values), low=-1.0, high=1.0)


def summarize_journey(segments: pl.DataFrame, *, taxonomy: JourneyTaxonomy) -> pl.DataFrame:
    """Summarize sentiment along the journey, over counted records.

    Args:
        segments: segment_id, record_id, stage, polarity (-1..1), label, counted (bool), respondent_id (nullable).
        taxonomy: The stages.

    Returns:
        The journey table: one row per stage in journey order, "unknown" last, all stages present. ``polarity`` is the
        mean over segments with a 95 % t interval clustered by respondent (by record where unknown);
        ``negative_share`` is the share of segments labelled negative, 0..1. Stages nobody spoke of have nulls.
    """
    counted = segments.filter(pl.col("counted")).sort("segment_id")
    who = pl.coalesce("respondent_id", "record_id") if "respondent_id" in counted.columns else pl.col("record_id")
    counted = counted.with_columns(who.alias("who"))
    rows = []
    for stage in [*taxonomy.stage_ids, UNKNOWN]:
        own = counted.filter(pl.col("stage") == stage)
        row: dict[str, object] = {"stage": stage, "segments": own.height, "respondents": own["who"].n_unique()}
        if own.height:
            values = own["polarity"].cast(pl.Float64).to_numpy()
            row["polarity"], row["ci_low"], row["ci_high"] = _mean_of(values, own["who"].to_list())
            row["negative_share"] = float((own["label"] == "negative").sum()) / own.height
        rows.append(row)
    return pl.DataFrame(rows, schema=JOURNEY)
