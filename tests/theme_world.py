"""Builds small theme sets for tests: what Fernway's customers speak of, as directions in a space of eight dimensions.

``learn`` makes a set of a plan: which leaf lies where and how many segments it has, what stands above it. The segments
are seeded, so two plans that share a leaf share its segments.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.themes.sets import MEMBERS, StrengthCurve, Theme, ThemeSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 8
ENCODER = "toy-8"
CURVE = StrengthCurve(bias=-2.0, by_cosine=6.0, by_margin=3.0, least=0.2)
COMMON = np.array([0.5, 0.3, 0, 0, 0, 0, 0, 0])


@dataclass(frozen=True)
class Leaf:
    """A leaf to be: where it lies (axis, or weights of axes), its segments, and the theme above."""

    name: str
    axes: dict[int, float]
    segments: int = 12
    above: str | None = None
    start: int = 0
    source: str | None = None
    keywords: tuple[str, ...] = ()
    more: dict[str, object] = field(default_factory=dict)


def id_of(name: str) -> str:
    return "t" + hashlib.blake2b(name.encode(), digest_size=4).hexdigest()


def vector_of(segment_id: str, axes: dict[int, float]) -> NDArray[np.float32]:
    """Unit vector of a segment: near the place of its leaf, always the same for the same id and place."""
    seed = int.from_bytes(hashlib.blake2b(segment_id.encode(), digest_size=4).digest(), "little")
    place = COMMON + np.random.default_rng(seed).normal(scale=0.06, size=WIDTH)
    for axis, weight in axes.items():
        place[axis] += weight
    return (place / np.linalg.norm(place)).astype(np.float32)


def learn(
    leaves: list[Leaf],
    *,
    prefix: str = "",
    seed: int = 0,
    sampled: int | None = None,
    set_id: str = "s1",
    unassigned: int = 2,
    above: dict[str, str] | None = None,
) -> ThemeSet:
    """Make a set as a fit would: ``prefix`` makes its ids differ from those of another fit.

    ``above`` puts themes above those that leaves name. Segments of a leaf are named after ``source`` and numbered from
    ``start``, so plans may share some.
    """
    parents = {leaf.above: (above or {}).get(leaf.above) for leaf in leaves if leaf.above is not None}
    tops = {each for each in parents.values() if each is not None}
    levels = {**dict.fromkeys(tops, 1), **{each: 2 if up else 1 for each, up in parents.items()}}
    themes = [
        Theme(theme_id=id_of(prefix + each), parent_theme_id=None if parents.get(each) is None else id_of(prefix + str(parents[each])), level=levels[each], name=each, stability=0.9)
        for each in sorted(levels, key=lambda name: (levels[name], name))
    ]  # fmt: skip
    rows, vectors, places, owners = [], [], [], []
    for leaf in leaves:
        themes.append(
            Theme(
                theme_id=id_of(prefix + leaf.name),
                parent_theme_id=None if leaf.above is None else id_of(prefix + leaf.above),
                level=1 if leaf.above is None else levels[leaf.above] + 1,
                name=leaf.name,
                keywords=leaf.keywords or tuple(leaf.name.split()),
                stability=0.8,
                **leaf.more,
            )
        )
        own = []
        for number in range(leaf.start, leaf.start + leaf.segments):
            record = f"{leaf.source or leaf.name}-{number}".replace(" ", "-")
            own.append(vector_of(record, leaf.axes))
            rows.append((f"{record}:0-20", record, id_of(prefix + leaf.name), 0.75))
        vectors += own
        places.append(np.mean(own, axis=0) if own else vector_of(leaf.name, leaf.axes))
        owners.append(id_of(prefix + leaf.name))
    for number in range(unassigned):
        rows.append((f"odd-{number}:0-9", f"odd-{number}", None, 0.0))
        vectors.append(vector_of(f"odd-{number}", {7: -1.0}))
    order = sorted(range(len(rows)), key=lambda row: rows[row][0])
    matrix = np.stack(vectors)[order]
    ids = [rows[row][0] for row in order]
    origin = matrix.mean(axis=0, dtype=np.float64)
    directions = np.stack(places) - origin
    kept = list(range(len(ids)))[: len(ids) if sampled is None else sampled]
    return ThemeSet(
        set_id=set_id,
        version=1,
        encoder_id=ENCODER,
        themes=tuple(themes),
        origin=origin.astype(np.float32),
        prototypes=(directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype(np.float32),
        owners=tuple(owners),
        curve=CURVE,
        members=pl.DataFrame([rows[row] for row in order], schema=MEMBERS, orient="row"),
        sample_ids=tuple(ids[place] for place in kept),
        sample=matrix[kept].astype(np.float16),
        exceptions=np.zeros((0, WIDTH), dtype=np.float32),
        settings={"seed": seed},
    )


def shuffled(theme_set: ThemeSet, *, seed: int = 3) -> ThemeSet:
    """The same set with its themes and prototypes in another order."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(theme_set.owners))
    return replace(
        theme_set,
        themes=tuple(theme_set.themes[place] for place in random.permutation(len(theme_set.themes))),
        prototypes=theme_set.prototypes[order],
        owners=tuple(theme_set.owners[place] for place in order),
    )


def names(theme_set: ThemeSet) -> dict[str, str]:
    return {theme.theme_id: theme.name for theme in theme_set.themes}


def by_name(theme_set: ThemeSet, name: str) -> Theme:
    return next(theme for theme in theme_set.themes if theme.name == name)


LATE = Leaf("late parcels", {1: 1.0}, 14)
RUDE = Leaf("rude drivers", {2: 1.0}, 10)
RECIPES = Leaf("recipe cards", {3: 1.0}, 16)
PRICE = Leaf("price rises", {4: 1.0}, 8)
BROWN = Leaf("brown lettuce", {5: 1.0}, 9)
APP = Leaf("app crashes", {6: 1.0}, 11)
PLAN = [LATE, RUDE, RECIPES, PRICE, BROWN, APP]


def under(leaf: Leaf, above: str) -> Leaf:
    return replace(leaf, above=above)


TREE = [
    under(LATE, "delivery"),
    under(RUDE, "delivery"),
    under(RECIPES, "the box"),
    under(BROWN, "the box"),
    PRICE,
    APP,
]
