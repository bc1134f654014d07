"""Place segments on the customer journey.

Where a record's touchpoint maps onto a stage, that decides. Otherwise every phrase that is known to belong to a stage
or to none, the titles and names of known matters and the taxonomy's own example sentences, speaks for it as likely as
it covers the segment (``domain.matters.Nearness`` of matter vectors; kernel-weighted nearest neighbours). A cue phrase
of the stage counts as one that surely does. The stage with the largest share of all that is said is taken where that
share reaches a threshold and anything is near; otherwise the answer is "unknown", which is a valid answer.

Which of several taxonomies a file takes is told by the same phrases, over a sample: the sector that most of what is
near belongs to, measured against how many phrases it has.

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
from textcx.steps.statistics.tone import stands_out, tone_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.matters import KnownMatters, Nearness
    from textcx.ports import Encoder

EXAMPLE = 3.0
"""Say of an example sentence of the taxonomy; that of a known matter is 1, that of a cue as an example's."""
EVENING = 0.2
"""Power of how rare a stage's phrases are that evens out its say: there are hundreds of matters of use to one of
advertising, and people raise more of them, too."""
NEAR = 0.1
"""Least probability of covering a segment with which a phrase speaks."""
NEAREST = 0.2
"""Where none speaks with this much, nothing is known of the segment."""
MIN_CONFIDENCE = 0.55
"""Least share of the likeliest stage. These five were chosen on labelled segments of seven files of other trades
(``benchmarks/results/journey_placement.json``)."""
MOST_CUES = 2
CHUNK = 1024
FIT_SAMPLE = 2000
"""Segments that tell which taxonomy fits: the standard error of a mean share is below 0.01 then."""
FIT_FEWEST, FIT_ERRORS = 8, 2.0
"""Fewest segments that choose a sector, and standard errors that must lie between its share of what is near and what
chance would give it."""


@dataclass(frozen=True, slots=True)
class StageVectors:
    """Matter vectors of a taxonomy's phrases, unit length; and what each says, shape ``(phrases, stages + 1)``.

    The last column is for those that belong to no stage.
    """

    vectors: NDArray[np.float32]
    say: NDArray[np.float32]
    near: Nearness


def stage_vectors(taxonomy: JourneyTaxonomy, encoder: Encoder, known: KnownMatters) -> StageVectors:
    """Encode the phrases of a taxonomy with the encoder that made the segments' vectors; ``known`` are read already."""
    places = {stage: place for place, stage in enumerate((*taxonomy.stage_ids, UNKNOWN))}
    groups = [*(stage.examples for stage in taxonomy.stages), taxonomy.background]
    phrases = [(text, place, EXAMPLE) for place, examples in enumerate(groups) for text in examples]
    phrases += [(phrase, places[stage], 1.0) for phrase, stage in taxonomy.matters]
    have = dict(zip((*known.titles, *known.names), (*known.title_vectors, *known.name_vectors), strict=True))
    new = list(dict.fromkeys(text for text, *_ in phrases if text not in have))
    have |= dict(zip(new, encoder.encode(new).matters, strict=True))
    vectors = np.array([have[text] for text, *_ in phrases], dtype=np.float32)
    say = np.zeros((len(phrases), len(places)))
    say[np.arange(len(phrases)), [place for _, place, _ in phrases]] = [weight for *_, weight in phrases]
    sizes = say.sum(axis=0)
    say *= (sizes.mean() / np.maximum(sizes, 1.0)) ** EVENING
    return StageVectors(vectors, say.astype(np.float32), encoder.near)


def _said(vectors: NDArray[np.float32], phrases: StageVectors) -> NDArray[np.float64]:
    """How much the phrases near a segment say for each column; and, last, how near the nearest is."""
    result = np.zeros((len(vectors), phrases.say.shape[1] + 1))
    for begin in range(0, len(vectors), CHUNK):
        near = phrases.near(vectors[begin : begin + CHUNK] @ phrases.vectors.T)
        result[begin : begin + CHUNK, -1] = near.max(axis=1, initial=0)
        near[near < NEAR] = 0
        result[begin : begin + CHUNK, :-1] = np.round(near @ phrases.say, 3)
    return result


def place_segments_on_journey(
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    taxonomy: JourneyTaxonomy,
    stage_vectors: StageVectors,
) -> pl.DataFrame:
    """Place each segment on a stage of the journey, or on "unknown".

    ``vectors``: the segments' matters, unit length, shape ``(segments, dimensions)``. Where ``touchpoint`` is not known
    it is null, or there is no such column.

    Returns:
        segment_id, stage, stage_confidence (0..1: how sure the answer is; for "unknown" the probability that the
        likeliest stage is wrong), sorted by segment_id.

    Raises:
        ShapeMismatch: If there are not as many vectors as segments.
    """
    check_vectors(vectors, segments)
    ids = [*taxonomy.stage_ids, UNKNOWN]
    said, nearest = np.split(_said(vectors, stage_vectors), [len(ids)], axis=1)
    text = pl.col("text").str.replace_all("\u2019", "'", literal=True)
    cued = [(place, stage) for place, stage in enumerate(taxonomy.stages) if stage.cues]
    counts = segments.select(
        text.str.count_matches(cue_regex(stage.cues, numbers=taxonomy.numbers))
        .clip(0, MOST_CUES)
        .fill_null(0)
        .alias(stage.id)
        for _, stage in cued
    )
    if cued:
        cues = counts.to_numpy().astype(np.float64)
        said[:, [place for place, _ in cued]] += EXAMPLE * cues
        nearest = np.maximum(nearest, cues.max(axis=1, keepdims=True, initial=0))
    shares = said / np.maximum(said.sum(axis=1, keepdims=True), 1e-9)
    best = shares[:, :-1].argmax(axis=1)
    likelihood = shares[np.arange(segments.height), best]
    known = (likelihood >= MIN_CONFIDENCE) & (nearest[:, 0] >= NEAREST)
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
    """The taxonomy of a file with its vectors, and how much of what is near belongs to each candidate, by name.

    ``shares``, 0..1, and ``notes`` are empty where there was no choice.
    """

    taxonomy: JourneyTaxonomy
    stage_vectors: StageVectors
    shares: dict[str, float]
    notes: tuple[str, ...] = ()


def fit_journey(
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    candidates: Sequence[JourneyTaxonomy],
    encoder: Encoder,
    known: KnownMatters,
) -> JourneyFit:
    """Choose the taxonomy that fits best; the first candidate is for any trade, the others are sectors.

    Of a sample of at most ``FIT_SAMPLE`` segments that count, evenly spaced in the order of their texts, the share of
    all that is near which has a stage in a sector is divided by the square root of the sector's share of all phrases:
    wide sectors are near to much by chance, narrow ones rarely. The highest is taken of those that lie ``FIT_ERRORS``
    standard errors above their share of all phrases; where none does, the first candidate stays. A touchpoint that a
    sector knows speaks for it alone.
    """
    check_vectors(vectors, segments)
    sample = segments.with_row_index("place").filter("counted").sort("text", "segment_id")
    sample = sample.gather_every(max(1, -(-sample.height // FIT_SAMPLE)))
    encoded = [stage_vectors(each, encoder, known) for each in candidates]
    if len(candidates) == 1 or sample.is_empty():
        return JourneyFit(taxonomy=candidates[0], stage_vectors=encoded[0], shares={})
    staged = [each.vectors[each.say[:, :-1].any(axis=1)] for each in encoded]
    together, back = np.unique(np.concatenate(staged), axis=0, return_inverse=True)
    kinds = np.zeros((len(together), len(candidates)), dtype=np.float32)
    kinds[back.ravel(), np.repeat(np.arange(len(candidates)), list(map(len, staged)))] = 1
    say = np.column_stack([kinds, np.ones(len(together), dtype=np.float32)])
    said = _said(vectors[sample["place"].to_numpy()], StageVectors(together, say, encoder.near))
    found = said[:, :-2] / np.maximum(said[:, -2:-1], 1e-9)
    met = np.column_stack([_met(sample, each) for each in candidates])
    found[met.any(axis=1)] = met[met.any(axis=1)]
    found = found[(said[:, -1] >= NEAREST) | met.any(axis=1)]
    means = found.mean(axis=0) if len(found) else np.zeros(len(candidates))
    errors = FIT_ERRORS * found.std(axis=0) / len(found) ** 0.5 if len(found) else means
    chance = kinds.mean(axis=0)
    worth = np.where(
        (len(found) >= FIT_FEWEST) & (means - errors > chance), means / np.sqrt(np.maximum(chance, 1e-9)), 0.0
    )
    worth[0] = 0.0
    best = int(np.round(worth, 6).argmax())
    shares = {each.name: round(float(mean), 3) for each, mean in zip(candidates, means, strict=True)}
    chosen = candidates[best].name
    why = f"{means[best]:.0%} of what is near its remarks belongs to it" if best else "no sector is clearly nearer"
    note = f"Journey '{chosen}' fits best: {why}."
    return JourneyFit(taxonomy=candidates[best], stage_vectors=encoded[best], shares=shares, notes=(note,))


def _met(segments: pl.DataFrame, taxonomy: JourneyTaxonomy) -> NDArray[np.bool_]:
    """Tell which segments have a touchpoint that a taxonomy knows."""
    if "touchpoint" not in segments.columns:
        return np.zeros(segments.height, dtype=np.bool_)
    names = segments["touchpoint"].cast(pl.String).to_list()
    return np.array(
        [name is not None and touchpoint_key(name) in taxonomy.touchpoint_stages for name in names], dtype=np.bool_
    )


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
        mean over segments, -1..1, and ``negative_share`` the share of segments labelled negative, 0..1, both with 95 %
        intervals between respondents (records where unknown), and the q-values of their difference from all other
        segments. Stages nobody spoke of have nulls.
    """
    counted = segments.filter(pl.col("counted"), pl.col("stage").is_not_null()).sort("segment_id")
    table = pl.DataFrame({"stage": [*taxonomy.stage_ids, UNKNOWN]})
    found = tone_of(counted, ["stage"]).rename({"polarity_low": "ci_low", "polarity_high": "ci_high"})
    people = counted.group_by("stage").agg(
        segments=pl.len(), respondents=pl.coalesce("respondent_id", "record_id").n_unique()
    )
    return (
        table.join(people, on="stage", how="left", maintain_order="left")
        .join(found, on="stage", how="left", maintain_order="left")
        .join(stands_out(counted, ["stage"]), on="stage", how="left", maintain_order="left")
        .with_columns(pl.col("segments", "respondents").fill_null(0))
        .select(pl.col(name).cast(kind) for name, kind in JOURNEY.items())
    )
