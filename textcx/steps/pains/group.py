"""Group pains into pain points: per theme, stage and, where a theme holds clearly different things, per aspect.

Steps: each counted, specific pain takes its segment's strongest theme; pains of a theme whose stage is unknown or rare
join the theme's main stage; a cell of theme and stage is split by aspect where several aspects have enough records and
lie apart in vector space; pains without a theme join the theme group that is about the same aspect, or stand together
by aspect and stage. Pain points are ranked by reach x severity.

Reach counts distinct respondents where known, else records; a record counts once per pain point, however often it
complains. Severity is the mean of the records' worst pains without the highest and lowest tenth.

Invariants, tested: the order of pains and segments never matters; a pain belongs to one pain point at most;
``pain_point_id`` depends on theme, stage and aspect only; reach never exceeds the number of counted records.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from textcx.domain.lexicons.journey import UNKNOWN
from textcx.domain.tables import PAIN_POINTS
from textcx.steps.evidence import check_vectors, choose_evidence
from textcx.steps.pains.statements import EVERYWHERE, UNTOLD, clarity, name_by_words, name_group, spread_over_themes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from textcx.domain.lexicons.pains import StatementWords

    Pains = dict[str, list[Any]]  # columns

MIN_RECORDS = 3
HIGH_SEVERITY = 0.75
"""From this severity on a pain point is listed with fewer records than ``MIN_RECORDS``."""
SMALL_DATA = 100
"""With no more counted records than this, every pain point is listed."""
SPLIT_RECORDS, SPLIT_SHARE = 5, 0.15
"""An aspect stands alone if its records are at least the greater of these two (a number, a share of its cell)."""
APART = 0.72
"""Aspects whose pains have a higher likeness than this are not clearly different."""
LEAST_ALIKE = 0.05
"""Pains within a group count as at least so alike."""
NEAR = 0.40
"""Least cosine between a pain and the mean of a group that it may join by likeness."""
ALIKE = 0.65
"""Groups about the same aspect whose means have at least this cosine are one."""
RARE_STAGE = 0.15
"""A stage with a smaller share of a theme's records joins the theme's main stage."""
UNSURE_STAGE = 0.3
"""The same where most of a theme's pains are of unknown stage: few placed segments must not speak for all."""
EVIDENCE = 5
CLEAR = 0.5
"""Clarity from which a statement makes good evidence."""
TRIMMED = 10


@dataclass(slots=True)
class _Group:
    theme_id: str | None
    stage: str
    aspect: str | None
    members: list[int]  # rows of the frame of pains


def pain_point_id(theme_id: str | None, stage: str, aspect: str | None) -> str:
    """Derive the permanent id of a pain point from what it is about."""
    key = "\x1f".join([theme_id or "", stage, aspect or ""])
    return "p_" + hashlib.blake2b(key.encode(), digest_size=6).hexdigest()


def _gather(pains: pl.DataFrame, segments: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """Put together what grouping needs to know of each counted, specific pain, sorted by segment_id.

    A pain that names no aspect is grouped by the consequence it tells ("returned").
    """
    who, stage = pl.coalesce("respondent_id", "record_id").alias("who"), pl.col("stage").fill_null(UNKNOWN)
    known = segments.with_row_index("position").filter("counted")
    known = known.select("segment_id", "position", "start", "end", "text", "p_pain", stage, who, "respondent_id")
    telling = pl.col("reasons").list.filter(~pl.element().str.contains(f"^(?:{'|'.join(UNTOLD)})"))
    happened = telling.list.first().str.replace(r"^.*: ", "")
    strongest = (
        mentions.sort(["segment_id", "strength", "theme_id"], descending=[False, True, False])
        .group_by("segment_id", maintain_order=True)
        .agg(pl.col("theme_id").first())
    )
    return (
        pains.filter(pl.col("specific"))
        .drop("pain_point_id")
        .with_columns(pl.coalesce("aspect", happened))
        .join(known, on="segment_id")
        .join(strongest, on="segment_id", how="left")
        .sort("segment_id")
    )


def _records(frame: Pains, members: Iterable[int]) -> int:
    return len({frame["record_id"][member] for member in members})


def _grouped(frame: Pains, members: Iterable[int], by: str) -> dict[Any, list[int]]:
    groups: dict[Any, list[int]] = defaultdict(list)
    for member in members:
        groups[frame[by][member]].append(member)
    return groups


def _merge_stages(frame: Pains, members: list[int]) -> dict[str, list[int]]:
    """Cells of one theme by stage; unknown and rare stages join the theme's main one."""
    cells = _grouped(frame, members, "stage")
    known = {stage: _records(frame, own) for stage, own in cells.items() if stage != UNKNOWN}
    if not known:
        return cells
    main = min(known, key=lambda stage: (-known[stage], stage))
    total, n_unknown = _records(frame, members), _records(frame, cells.get(UNKNOWN, []))
    least = max(MIN_RECORDS, RARE_STAGE * total)
    if n_unknown > max(SPLIT_RECORDS, known[main]):
        main, least = UNKNOWN, max(SPLIT_RECORDS, UNSURE_STAGE * total)
    for stage in sorted(cells):
        if stage != main and (stage == UNKNOWN or known[stage] < least):
            cells[main] = cells[main] + cells.pop(stage)
    return {stage: sorted(own) for stage, own in cells.items()}


def _mean(vectors: NDArray[np.float32], members: list[int]) -> NDArray[np.float64]:
    mean = vectors[members].astype(np.float64).mean(axis=0)
    norm = float(np.linalg.norm(mean))
    return np.asarray(mean / norm if norm > 0 else mean, dtype=np.float64)


def _likeness(vectors: NDArray[np.float32], ours: list[int], theirs: list[int]) -> float:
    """Cosine of what two sets of pains have in common, as if each set were large.

    The mean of a few vectors holds the chance of those few, which makes small sets look less alike than they are. So
    the mean cosine across the sets is set against the mean cosine within each, a vector with itself left out.
    """
    means = [vectors[members].astype(np.float64).mean(axis=0) for members in (ours, theirs)]
    within = [
        (len(members) * float(mean @ mean) - 1.0) / (len(members) - 1) if len(members) > 1 else 1.0
        for members, mean in zip((ours, theirs), means, strict=True)
    ]
    across = float(means[0] @ means[1])
    return across / math.sqrt(max(within[0], LEAST_ALIKE) * max(within[1], LEAST_ALIKE))


def _split_by_aspect(
    frame: Pains, members: list[int], vectors: NDArray[np.float32], spread: dict[str, float]
) -> list[list[int]]:
    """Split a cell where it holds clearly different aspects; likeness decides about the pains of other aspects."""
    by_aspect = _grouped(frame, members, "aspect")
    enough = max(SPLIT_RECORDS, SPLIT_SHARE * _records(frame, members))
    telling = (aspect for aspect in by_aspect if aspect and spread.get(aspect, 0.0) <= EVERYWHERE)
    sizes = {aspect: _records(frame, by_aspect[aspect]) for aspect in telling}
    seeds: list[list[int]] = []
    names: list[set[str]] = []
    for aspect in sorted(sizes, key=lambda aspect: (-sizes[aspect], aspect)):
        if sizes[aspect] < enough:
            break
        own, words = by_aspect[aspect], set(aspect.split())
        alike = [i for i, seed in enumerate(seeds) if words & names[i] or _likeness(vectors, own, seed) > APART]
        if alike:
            seeds[alike[0]] = seeds[alike[0]] + own
        else:
            seeds.append(own)
            names.append(words)
    if len(seeds) < 2:  # noqa: PLR2004 - one aspect alone splits nothing
        return [members]
    means = np.stack([_mean(vectors, seed) for seed in seeds])
    taken = {member for seed in seeds for member in seed}
    cosines = {member: means @ vectors[member].astype(np.float64) for member in members if member not in taken}
    rest = [member for member in cosines if cosines[member].max() < NEAR]
    if _records(frame, rest) < MIN_RECORDS:
        rest = []
    for member in cosines.keys() - set(rest):
        seeds[int(cosines[member].argmax())].append(member)
    return [sorted(seed) for seed in seeds] + ([rest] if rest else [])


def _theme_groups(
    frame: Pains, vectors: NDArray[np.float32], names: dict[str, str], statements: StatementWords
) -> list[_Group]:
    spread = spread_over_themes(frame)
    themed = (member for member, theme_id in enumerate(frame["theme_id"]) if theme_id is not None)
    groups = []
    for theme_id, own in sorted(_grouped(frame, themed, "theme_id").items()):
        for stage, cell in sorted(_merge_stages(frame, own).items()):
            taken: set[str] = set()
            parts = _split_by_aspect(frame, cell, vectors, spread)
            for members in sorted(parts, key=lambda part: (-_records(frame, part), part)):
                aspect = name_group(frame, members, spread, names.get(theme_id), taken, statements=statements)
                taken.add(aspect)
                groups.append(_Group(theme_id, stage, aspect, members))
    return groups


def _place_rest(
    frame: Pains, vectors: NDArray[np.float32], groups: list[_Group], statements: StatementWords
) -> list[_Group]:
    """Pains without a theme: join the group about the same aspect, else stand together by aspect and stage."""
    means = {id(group): _mean(vectors, group.members) for group in groups}
    unplaced: list[int] = []
    alone: list[_Group] = []
    for member in (member for member, theme_id in enumerate(frame["theme_id"]) if theme_id is None):
        aspect, stage = frame["aspect"][member], frame["stage"][member]
        homes = [group for group in groups if aspect and group.aspect == aspect and stage in (group.stage, UNKNOWN)]
        likeness = [float(means[id(group)] @ vectors[member].astype(np.float64)) for group in homes]
        if likeness and max(likeness) >= NEAR:
            homes[likeness.index(max(likeness))].members.append(member)
        elif aspect is not None:
            unplaced.append(member)
        else:
            alone.append(_Group(None, stage, name_by_words(frame, [member], statements), [member]))
    for aspect, own in sorted(_grouped(frame, unplaced, "aspect").items()):
        alone += [_Group(None, stage, aspect, members) for stage, members in sorted(_merge_stages(frame, own).items())]
    merged: dict[tuple[str, str | None], _Group] = {}
    for group in alone:
        known = merged.setdefault((group.stage, group.aspect), group)
        if known is not group:
            known.members = sorted(known.members + group.members)
    return list(merged.values())


def _merge_alike(frame: Pains, vectors: NDArray[np.float32], groups: list[_Group]) -> list[_Group]:
    """Groups of several themes about the same aspect in the same stage become one where their pains are alike.

    The group with most records gives its theme. A theme model cuts one matter into several themes more readily than
    readers do, and a list of pain points that names one aspect twice helps nobody.
    """
    kept: list[_Group] = []
    for group in sorted(groups, key=lambda each: (-_records(frame, each.members), each.theme_id or "~", each.members)):
        mean = _mean(vectors, group.members)
        same = (home for home in kept if (home.stage, home.aspect) == (group.stage, group.aspect))
        alike = next((home for home in same if float(mean @ _mean(vectors, home.members)) >= ALIKE), None)
        if alike:
            alike.members = sorted(alike.members + group.members)
        else:
            kept.append(group)
    return kept


def _robust_mean(values: list[float]) -> float:
    """Mean without the highest and lowest tenth (at least ten values needed to leave one out on each side)."""
    cut = len(values) // TRIMMED
    kept = sorted(values)[cut : len(values) - cut]
    return math.fsum(kept) / len(kept)


def _describe(frame: Pains, vectors: NDArray[np.float32], group: _Group, statements: StatementWords) -> dict[str, Any]:
    """One row of the pain points table."""
    members = sorted(group.members)
    worst: dict[str, float] = {}  # severity of each record
    for member in members:
        record_id = frame["record_id"][member]
        worst[record_id] = max(worst.get(record_id, 0.0), frame["severity"][member])
    central = vectors[members].astype(np.float64) @ _mean(vectors, members)
    clear = {member: clarity(frame["statement"][member], statements) for member in members}
    worth: dict[int, float] = {}
    for member, centrality in zip(members, central.tolist(), strict=True):
        statement = frame["statement"][member].casefold()
        in_reasons = any(reason.rpartition(": ")[2] == group.aspect for reason in frame["reasons"][member])
        names_it = in_reasons or any(word in statement for word in (group.aspect or "").split())
        whole = 1.0 + centrality + 0.5 * frame["severity"][member] + 0.25 * names_it
        worth[member] = round(clear[member] * frame["p_pain"][member] * whole, 6)
    by_worth = sorted(members, key=lambda member: -worth[member])
    readable = [member for member in by_worth if clear[member] >= CLEAR]
    chosen = readable if _records(frame, readable) >= MIN_RECORDS else by_worth
    leading = sorted({by_worth[0], *chosen[: 3 * EVIDENCE]})
    candidates = pl.DataFrame({
        name: [frame[name][member] for member in leading]
        for name in ("record_id", "respondent_id", "start", "end", "text")
    }, schema_overrides={"respondent_id": pl.String})  # fmt: skip
    title = group.aspect or frame["statement"][by_worth[0]]
    stages = {stage: _records(frame, own) for stage, own in _grouped(frame, members, "stage").items()}
    return {
        "pain_point_id": pain_point_id(group.theme_id, group.stage, group.aspect),
        "title": title[:1].upper() + title[1:], "fit": None, "theme_id": group.theme_id, "stage": group.stage,
        "stages": [{"stage": s, "records": n} for s, n in sorted(stages.items(), key=lambda each: (-each[1], each[0]))],
        "aspect": group.aspect, "statement": frame["statement"][by_worth[0]],
    } | {
        "severity": round(_robust_mean([*worst.values()]), 4),
        "severity_p90": round(float(np.percentile([*worst.values()], 90)), 4), "safety": False, "effect": None,
        "records": len(worst),
        "respondents": len({frame["who"][member] for member in members}), "trend": None,
        "evidence": choose_evidence(candidates, vectors[leading], limit=EVIDENCE, continuing=statements.continuing),
    }  # fmt: skip


def group_pains(
    pains: pl.DataFrame,
    segments: pl.DataFrame,
    mentions: pl.DataFrame,
    themes: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    statements: StatementWords,
    small_data: int = SMALL_DATA,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Group what ``find_pains`` returned into pain points.

    ``vectors`` are of the segments, unit length, shape ``(segments, dimensions)``; ``mentions`` and ``themes`` may be
    empty. With no more than ``small_data`` counted records every pain point is listed, however few its records.

    Returns:
        The pain points table, highest reach x severity first, its trends null; and the pains with ``pain_point_id`` set
        (null for bare insults, for pains of duplicates, and for pains of no listed pain point), sorted by segment_id.

    Raises:
        ShapeMismatch: If there are not as many vectors as segments.
    """
    check_vectors(vectors, segments)
    gathered = _gather(pains, segments, mentions)
    own_vectors = vectors[gathered["position"].to_numpy()]
    frame = gathered.to_dict(as_series=False)
    small = segments.filter(pl.col("counted"))["record_id"].n_unique() <= small_data
    names = dict(themes.select("theme_id", "name").iter_rows())
    groups = _theme_groups(frame, own_vectors, names, statements)
    groups = _merge_alike(frame, own_vectors, groups)
    groups += _place_rest(frame, own_vectors, groups, statements)
    listed: list[dict[str, Any]] = []
    home: dict[str, str] = {}
    for group in groups:
        row = _describe(frame, own_vectors, group, statements)
        if small or row["records"] >= MIN_RECORDS or row["severity"] >= HIGH_SEVERITY:
            listed.append(row)
            home |= dict.fromkeys((frame["segment_id"][member] for member in group.members), row["pain_point_id"])
    listed.sort(key=lambda row: (-round(row["respondents"] * row["severity"], 6), row["pain_point_id"]))
    points = pl.DataFrame(listed, schema=PAIN_POINTS)
    ids = pl.col("segment_id").replace_strict(home, default=None, return_dtype=pl.String).alias("pain_point_id")
    placed = pains.sort("segment_id").with_columns(ids)
    return points, placed
