"""Propose new themes where segments that a theme set does not explain lie close together.

A theme set is learned once; what customers begin to speak of later has no place in it. The segments without a theme are
gathered around the densest places among them. A group is proposed if it is as close together as the looser quarter of
the set's own themes, nearer to itself than to any of them, and holds enough records that do not all say the same words.

Small groups of leftovers always lie about. The set keeps vectors of what it was learned from, and so of its own
leftovers: a group is proposed if it holds more than these would explain (given their sum, one of two Poisson counts is
binomial: Przyborowski and Wilenski, 1940), or if it is new, or rising. Any of the segments could have been the middle
of a group, so each has only its part of the chance of a false one.

Invariants, tested: the order of the segments changes no byte; a record that does not count (a duplicate) adds to no
figure; no segment is in two groups; nothing is proposed that is looser than the set's own themes.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import scipy  # its subpackages load when they are first used

from textcx.domain.errors import ShapeMismatch
from textcx.domain.tables import EMERGING, empty
from textcx.steps.evidence import choose_evidence
from textcx.steps.statistics.intervals import LEVEL
from textcx.steps.themes.describing.describe import FIGURES
from textcx.steps.themes.finding.growth import growths
from textcx.steps.themes.geometry.lattice import STEPS, cosines, off_lattice, on_lattice, seen_from, unit_rows

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.sets import ThemeSet

    Naming = Callable[[Sequence[pl.DataFrame]], Sequence[str | None]]

LOOSER, BEYOND = 0.25, 0.10
"""Part of a set's themes that may be looser than a proposed group; part of a theme's members beyond its reach."""

TELLING, USUAL_TIGHTNESS, USUAL_REACH = 5, 0.30, 0.50
"""Kept vectors that tell how dense a theme is; what is taken for a set where no theme has so many."""

FEWEST, SMALLEST_SHARE, WORDINGS = 5, 0.002, 3
"""Records of the smallest group, their share of the unexplained ones, where that is more, and the different texts in
it: a text that is passed around is no theme."""

MOST, NAMED_FROM = 6_000, 48
"""Unexplained segments that groups are sought in (others join the groups), and segments that a name is sought in."""

CLEARLY = ("new", "rising")
"""Directions that make a group worth proposing even where the leftovers of the set would explain it."""

PROPOSED, QUOTES = 20, 3
"""Groups proposed at most, the largest first, and quotes of either kind."""

DIGITS = 4
"""Decimals of a cosine."""


def find_emerging(
    unexplained: pl.DataFrame,
    vectors: NDArray[np.float32],
    theme_set: ThemeSet,
    *,
    name: Naming,
    continuing: re.Pattern[str],
    received: pl.DataFrame,
    segments: int,
) -> pl.DataFrame:
    """Find dense groups among the segments that a theme set does not explain.

    They have ``segment_id`` (unique), ``record_id``, ``start``, ``end``, ``text`` (redacted), ``created_at``
    (nullable), ``polarity``, ``counted`` and ``respondent_id`` (nullable), and vectors of unit length, shape
    ``(segments, width)``. ``name`` names all groups at once, each differently, from their segments, the most central
    first; a group without a name is left out. ``continuing`` matches texts that make worse quotes. ``received`` has
    ``record_id`` (unique), ``created_at`` and ``counted`` of everything, which growth is counted against; ``segments``
    is how many counted segments of substance that is, explained or not.

    Returns:
        A frame of ``tables.EMERGING``, most records first. ``closeness`` is the mean cosine between two of its
        segments, ``expected`` how many of its segments the leftovers of the set let expect (null where it keeps no
        vectors, and everything dense enough is proposed). For ``periods``, ``direction`` ("rising", "falling", "new",
        "steady", "unknown"), ``growth`` and its interval see ``growths``. ``first_quotes`` are
        the earliest segments, ``evidence`` the most central and different ones.

    Raises:
        ShapeMismatch: If there is not one vector per segment, or of another width than the set's.
    """
    if vectors.shape != (unexplained.height, len(theme_set.origin)):
        msg = (
            f"{unexplained.height} segments came with vectors of shape {vectors.shape}, and the theme set takes width "
            f"{len(theme_set.origin)}; give one vector per segment, made with the set's encoder"
        )
        raise ShapeMismatch(msg)
    order = unexplained.with_row_index("row").filter("counted").sort("segment_id")["row"].to_numpy()
    frame = unexplained[order]
    relative = seen_from(theme_set.origin, vectors[order])
    tightness, extent = density_of(theme_set)
    labels = densest(relative, tightness=tightness, reach=extent)
    records = frame["record_id"].n_unique()
    smallest = max(FEWEST, math.ceil(SMALLEST_SHARE * records))
    groups = [_group(frame, relative, np.flatnonzero(labels == number)) for number in np.unique(labels[labels >= 0])]
    found = [
        group
        for group in groups
        if group.records >= smallest
        and group.frame["text"].str.to_lowercase().n_unique() >= WORDINGS
        and closeness_of(group.relative) >= tightness
        and _stands_alone(theme_set, group.relative)
    ]
    found = sorted(found, key=lambda group: (-group.records, group.emerging_id))
    usual = _expected(theme_set, found, segments)
    told = [
        (group, expected, growth)
        for group, (expected, p_value), growth in zip(
            found, usual, growths([group.frame for group in found], received), strict=True
        )
        if p_value * frame.height <= 1 - LEVEL or growth["direction"] in CLEARLY
    ][:PROPOSED]
    if not told:
        return empty(EMERGING)
    found = [group for group, _, _ in told]
    names = name([group.frame.head(NAMED_FROM) for group in found])
    rows = [
        {
            "emerging_id": group.emerging_id,
            "name": called,
            "share_unexplained": round(group.records / max(1, records), 6),
            "closeness": round(closeness_of(group.relative), DIGITS),
            **_nearest(theme_set, group.relative),
            "segments": group.frame.height,
            "polarity": round(float(group.frame.sort("segment_id")["polarity"].to_numpy().mean()), 6),
            **group.frame.select(*FIGURES).row(0, named=True),
            "expected": expected,
            **growth,
            "first_quotes": _first_quotes(group.frame),
            "evidence": choose_evidence(group.frame, off_lattice(group.relative), limit=QUOTES, continuing=continuing),
        }
        for (group, expected, growth), called in zip(told, names, strict=True)
        if called is not None
    ]
    return pl.DataFrame(rows, schema=EMERGING)


def density_of(theme_set: ThemeSet) -> tuple[float, float]:
    """Tell how dense the looser quarter of a set's themes, large or small, is, from the vectors it kept.

    The figures are the mean cosine between two members, and the cosine to the centre that nine of ten members have.
    """
    sample = pl.DataFrame({"segment_id": theme_set.sample_ids}, schema={"segment_id": pl.String})
    kept = theme_set.members.drop_nulls("theme_id")
    members = sample.with_row_index("place").join(kept, on="segment_id", how="inner").sort("place")
    tightness, reaches = [], []
    for theirs in members.partition_by("theme_id"):
        if theirs.height < TELLING:
            continue
        relative = seen_from(theme_set.origin, theme_set.sample[theirs["place"].to_numpy()].astype(np.float32))
        tightness.append(closeness_of(relative))
        reaches.append(float(np.quantile(cosines(relative, _centre(relative))[:, 0], BEYOND)))
    if not tightness:
        return USUAL_TIGHTNESS, USUAL_REACH
    low, near = (round(float(np.quantile(values, LOOSER)), 6) for values in (tightness, reaches))
    return max(0.0, low), max(0.0, near)


def closeness_of(relative: NDArray[np.float32]) -> float:
    """Mean cosine between two different vectors of some, all on the lattice; 0 where there are no two."""
    if (number := len(relative)) <= 1:
        return 0.0
    total = relative.astype(np.float64).sum(axis=0)
    own = np.square(relative.astype(np.float64)).sum()
    return float((np.square(total).sum() - own) / (number * (number - 1.0) * STEPS * STEPS))


def densest(relative: NDArray[np.float32], *, tightness: float, reach: float) -> NDArray[np.int64]:
    """Gather vectors, on the lattice and in order of their ids, around the densest places, one after the other.

    The vector with the most others at cosine ``tightness`` or nearer is taken with them. Their centre gathers what is
    at cosine ``reach`` or nearer, nearest first, as long as all that together is tight enough. What is gathered is
    taken out, and the next densest place is sought, until none is dense enough. Of more than ``MOST`` vectors, the
    places are sought among so many, drawn with a fixed seed. Gives the number of each vector's group, -1 for none.
    """
    labels = np.full(len(relative), -1, dtype=np.int64)
    drawn = np.sort(np.random.default_rng(0).permutation(len(relative))[:MOST])
    shown = relative[drawn]
    close = cosines(shown, shown) >= np.float32(tightness)
    free = np.ones(len(shown), dtype=np.bool_)
    around = close.sum(axis=1)
    centres: list[NDArray[np.float32]] = []
    reaches: list[float] = []
    while free.any():
        seed = int(np.where(free, around, -1).argmax())
        near = np.flatnonzero(close[seed] & free)
        if len(near) < FEWEST:
            break
        centre = _centre(shown[near])
        around_it = cosines(shown, centre)[:, 0]
        rows = np.flatnonzero(free & (around_it >= np.float32(reach)))
        gathered = _tight(shown, rows[np.argsort(-around_it[rows], kind="stable")], tightness)
        if len(gathered) >= FEWEST:
            centres.append(centre)
            reaches.append(float(around_it[gathered[-1]]))
            near = gathered
        free[near] = False
        around -= close[:, near].sum(axis=1)
    if centres:
        near_to = cosines(relative, np.concatenate(centres))
        best = near_to.argmax(axis=1)
        within = near_to[np.arange(len(relative)), best] >= np.array(reaches, dtype=np.float32)[best]
        labels[within] = best[within]
    return labels


def _centre(relative: NDArray[np.float32]) -> NDArray[np.float32]:
    """Direction of the middle of some vectors, on the lattice. Shape ``(1, width)``."""
    return unit_rows(relative.astype(np.float64).sum(axis=0, keepdims=True))


def _tight(shown: NDArray[np.float32], rows: NDArray[np.int64], tightness: float) -> NDArray[np.int64]:
    """The first of some vectors, as many as are tight enough together."""
    theirs = shown[rows].astype(np.float64)
    number = np.arange(1, len(rows) + 1)
    own = np.cumsum(np.square(theirs).sum(axis=1))
    pairs = np.square(np.cumsum(theirs, axis=0)).sum(axis=1) - own
    tight = np.flatnonzero(pairs >= tightness * STEPS * STEPS * number * (number - 1.0))
    return rows[: tight.max(initial=-1) + 1]


@dataclass(frozen=True, slots=True)
class _Group:
    """A group: its segments, the most central first, their directions, and how many records they are of."""

    frame: pl.DataFrame
    relative: NDArray[np.float32]
    records: int
    emerging_id: str


def _group(frame: pl.DataFrame, relative: NDArray[np.float32], rows: NDArray[np.int64]) -> _Group:
    near = cosines(relative[rows], _centre(relative[rows]))[:, 0]
    rows = rows[np.argsort(-near, kind="stable")]  # the rows are in order of their segments
    segments = frame[rows]
    content = "\n".join(sorted(segments["segment_id"])).encode("utf-8", "surrogatepass")
    emerging_id = f"e{hashlib.blake2b(content, digest_size=6).hexdigest()}"
    return _Group(segments, relative[rows], segments["record_id"].n_unique(), emerging_id)


def _stands_alone(theme_set: ThemeSet, theirs: NDArray[np.float32]) -> bool:
    """Whether segments are, on average, nearer to the centre of the others of their group than to any theme."""
    if not theme_set.owners:
        return True
    whole = theirs.astype(np.float64)
    others = unit_rows(whole.sum(axis=0) - whole)
    own = float((whole * others).sum(axis=1).mean()) / (STEPS * STEPS)
    return own > float(cosines(theirs, on_lattice(theme_set.prototypes)).max(axis=1).astype(np.float64).mean())


def _nearest(theme_set: ThemeSet, theirs: NDArray[np.float32]) -> dict[str, Any]:
    """The theme of the set that a group is most like; nulls for an empty set."""
    if not theme_set.owners:
        return {"nearest_theme_id": None, "nearest_cosine": None}
    near = cosines(_centre(theirs), on_lattice(theme_set.prototypes))[0]
    best = int(near.argmax())
    return {"nearest_theme_id": theme_set.owners[best], "nearest_cosine": round(float(near[best]), DIGITS)}


def _expected(theme_set: ThemeSet, groups: Sequence[_Group], segments: int) -> list[tuple[float | None, float]]:
    """How many segments of each group the leftovers of the set let expect, and how probable all its records then are.

    Counted are the segments that the set kept and has no theme for, as near to the middle of the group as the furthest
    of its own. Null, and 0, where it kept none.
    """
    of = len(theme_set.sample_ids)
    if not of:
        return [(None, 0.0) for _ in groups]
    sample = pl.DataFrame({"segment_id": theme_set.sample_ids}, schema={"segment_id": pl.String}).with_row_index(
        "place"
    )
    explained = theme_set.members.drop_nulls("theme_id")
    left = sample.join(explained, on="segment_id", how="anti").sort("place")["place"].to_numpy()
    leftovers = seen_from(theme_set.origin, theme_set.sample[left].astype(np.float32))
    found: list[tuple[float | None, float]] = []
    for group in groups:
        centre = _centre(group.relative)
        near = float((cosines(leftovers, centre) >= cosines(group.relative, centre).min()).sum())
        p_value = float(scipy.special.betainc(group.records, near + 1, segments / (segments + of)))
        found.append((round(near * segments / of, 2), p_value))
    return found


def _first_quotes(members: pl.DataFrame) -> list[dict[str, Any]]:
    """The earliest segments, one of each record and wording."""
    dated = members.drop_nulls("created_at").sort("created_at", "segment_id")
    for column in ("record_id", "text"):
        dated = dated.unique(column, keep="first", maintain_order=True)
    return dated.head(QUOTES).select("record_id", "start", "end", quote="text").to_dicts()
