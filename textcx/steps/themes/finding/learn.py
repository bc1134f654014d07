"""Learn a theme set: cluster segments, build the tree of themes, name each, keep what is needed to assign to it later.

Invariants, tested: the order of the segments changes no byte; names are unique within the set; a theme has no single
child; every leaf has a prototype.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from textcx.domain.lexicons.naming import tokens
from textcx.domain.themes.sets import MEMBERS, Theme, ThemeSet
from textcx.steps.themes.assignment.seed_topics import match
from textcx.steps.themes.geometry.lattice import STEPS, mean_of, on_lattice, relative_to, unit_rows
from textcx.steps.themes.naming.meaning import Meanings
from textcx.steps.themes.naming.names import ThemeWords, name_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.themes.seed_topics import ThemeTaxonomy
    from textcx.domain.themes.sets import SeedTopics
    from textcx.ports import Encoder, PhraseFinder, ThemeModel, TopicFit
    from textcx.steps.themes.assignment.seed_topics import SeedMatch

NAMING_MEMBERS = 500
"""Member segments of a theme that its name is sought in, the same remark as often as it is made."""

NAMING_SHARE, FEWEST_NAMING = 0.75, 30
"""Share of a theme, the strongest, that they are taken from, and so many at least: its edge says little of it."""

CENTRAL, SPREAD = 24, 24
"""Exemplars of a theme whose phrases may become its name: the strongest members, and others spread over the rest."""

KEYWORDS = 10
"""Keywords shown per theme."""

SAMPLED = 20_000
"""Segments whose vectors are kept in the set at most."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A theme to be: its level, the node above, the finest clusters below, and where its figures stand in the fit."""

    level: int
    parent: int | None
    clusters: tuple[int, ...]
    place: tuple[int, int]  # level in the fit and number there


@dataclass(frozen=True, slots=True)
class EncodedTaxonomy:
    """A team's own themes, and the vectors of ``seed_topics.texts_of(taxonomy)``. Shape ``(texts, width)``."""

    themes: ThemeTaxonomy
    vectors: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Learned:
    """A theme set, and sentences for the reader about the given themes."""

    theme_set: ThemeSet
    notes: tuple[str, ...] = ()


def learn_themes(
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    model: ThemeModel,
    phrases: PhraseFinder,
    naming: NamingWords,
    encoder_id: str,
    seed: int = 0,
    max_unassigned: float | None = None,
    taxonomy: EncodedTaxonomy | None = None,
    encoder: Encoder | None = None,
) -> Learned:
    """Learn the themes of segments.

    Args:
        segments: ``segment_id`` (unique, sorted), ``record_id``, ``text`` (redacted), ``polarity``; none of them
            boilerplate, and enough of them.
        vectors: Vectors of the segments in their order, unit length. Shape ``(segments, width)``.
        model: Groups the segments.
        phrases: Finds the phrases that themes are named with.
        naming: The words of the language.
        encoder_id: What the vectors are of.
        seed: Seed for the model, at least 0.
        max_unassigned: Largest share of segments in no theme, 0..1; the model's own where null.
        taxonomy: Themes that are matched first; others are sought in the rest.
        encoder: What the vectors are of, to weigh names by what they mean; by how they are said alone where null.

    Returns:
        The set, version 1.
    """
    matched = _match(taxonomy, vectors)
    rest = np.ones(segments.height, dtype=bool) if matched is None else matched.placed.numbers < 0
    members = segments.select("segment_id", "record_id", "text", "polarity").with_columns(
        topic=pl.lit(-1, pl.Int64), strength=pl.lit(0.0)
    )
    fit = model.fit(
        segments.filter(pl.Series(rest))["text"].to_list(), vectors[rest], seed=seed, max_unassigned=max_unassigned
    )
    topics, strengths = np.full(segments.height, -1, dtype=np.int64), np.zeros(segments.height)
    topics[rest], strengths[rest] = fit.topics, fit.strengths
    members = members.with_columns(topic=pl.Series(topics), strength=pl.Series(strengths))
    nodes = _tree(fit)
    seeds = () if matched is None else matched.themes
    words = [_words(members, node, fit, naming) for node in nodes]
    names = name_tree(
        words,
        [node.parent for node in nodes],
        phrases=phrases,
        naming=naming,
        meanings=None if encoder is None else Meanings(_centres(nodes, fit), fit.origin, encoder),
        taken=[theme.name for theme in seeds],
    )
    ids = _ids(nodes, words)
    parents = [None if node.parent is None else ids[node.parent] for node in nodes]
    found = [
        Theme(
            theme_id=ids[number],
            parent_theme_id=parents[number],
            level=node.level,
            name=names[number],
            keywords=tuple(words[number].keywords[:KEYWORDS]),
            stability=float(fit.stabilities[node.place[0]][node.place[1]]),
        )
        for number, node in enumerate(nodes)
    ]
    inner = {node.parent for node in nodes}
    leaf_of = {node.clusters[0]: ids[number] for number, node in enumerate(nodes) if number not in inner}
    theme_ids = [leaf_of.get(topic) for topic in topics.tolist()]
    origin, prototypes = fit.origin, fit.centroids
    owners = tuple(leaf_of[cluster] for cluster in range(len(fit.centroids)))
    if matched is not None:
        for place in np.flatnonzero(~rest).tolist():
            theme_ids[place] = matched.seed_topics.theme_ids[int(matched.placed.numbers[place])]
        strengths[~rest] = matched.placed.strengths[~rest]
        origin = origin if len(prototypes) else np.rint(matched.seed_topics.origin * STEPS).astype(np.float32)
        prototypes = np.concatenate([_seed_prototypes(matched.seed_topics, taxonomy, origin=origin), prototypes])
        owners = (*matched.seed_topics.theme_ids, *owners)
    kept = sampled(segments["segment_id"].to_list(), most=SAMPLED)
    theme_set = ThemeSet(
        set_id=f"s{_digest([*ids, *(theme.theme_id for theme in seeds), encoder_id])}",
        version=1,
        encoder_id=encoder_id,
        themes=(*seeds, *found),
        origin=(origin / STEPS).astype(np.float32),
        prototypes=(prototypes / STEPS).astype(np.float32),
        owners=owners,
        curve=fit.curve,
        members=segments.select("segment_id", "record_id")
        .with_columns(theme_id=pl.Series(theme_ids, dtype=pl.String), strength=pl.Series(strengths, dtype=pl.Float64))
        .cast(MEMBERS),
        sample_ids=tuple(segments["segment_id"][place] for place in kept),
        sample=vectors[kept].astype(np.float16),
        exceptions=np.zeros((0, vectors.shape[1]), dtype=np.float32),
        settings={"seed": seed, "max_unassigned": max_unassigned, "stability": fit.stability},
        seed_topics=None if matched is None else matched.seed_topics,
    )
    return Learned(theme_set, () if matched is None else matched.notes)


def _match(taxonomy: EncodedTaxonomy | None, vectors: NDArray[np.float32]) -> SeedMatch | None:
    if taxonomy is None:
        return None
    origin = (mean_of(on_lattice(vectors)) / STEPS).astype(np.float32)
    return match(taxonomy.themes, taxonomy.vectors, vectors, origin=origin)


def _seed_prototypes(
    seed_topics: SeedTopics, taxonomy: EncodedTaxonomy | None, *, origin: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Directions of the texts of given themes, as seen from the origin of the set. On the lattice."""
    if taxonomy is None:
        return np.zeros((0, len(origin)), dtype=np.float32)
    leaves = {theme.theme_id: len(theme.texts()) for theme in taxonomy.themes.leaves()}
    owners = np.repeat(np.arange(len(leaves)), list(leaves.values()))
    seen = relative_to(origin, on_lattice(taxonomy.vectors)).astype(np.float64)
    return unit_rows(np.stack([seen[owners == list(leaves).index(name)].sum(axis=0) for name in seed_topics.theme_ids]))


def sampled(segment_ids: Sequence[str], *, most: int) -> list[int]:
    """Places of at most so many segments, chosen by a hash of their ids, in order."""
    if len(segment_ids) <= most:
        return list(range(len(segment_ids)))
    ranked = sorted(range(len(segment_ids)), key=lambda place: _digest([segment_ids[place]]))
    return sorted(ranked[:most])


def _tree(fit: TopicFit) -> list[_Node]:
    """Nodes, parents before children, wider ones first; no node has a single child."""
    sizes = np.bincount(fit.topics[fit.topics >= 0], minlength=len(fit.centroids))
    finest = len(fit.levels)
    nodes: list[_Node] = []

    def grow(clusters: tuple[int, ...], parent: int | None, level: int, place: tuple[int, int]) -> None:
        number = len(nodes)
        if len(clusters) == 1:
            place = (finest, clusters[0])
        nodes.append(_Node(level, parent, clusters, place))
        for depth in range(place[0] + 1, finest + 1):
            parts = _parts(clusters, fit, depth=depth)
            if len(parts) > 1:
                for group, part in _widest_first(parts, sizes):
                    grow(part, number, level + 1, (depth, group))
                return

    for group, part in _widest_first(_parts(tuple(range(len(fit.centroids))), fit, depth=0), sizes):
        grow(part, None, 1, (0, group))
    return nodes


def _parts(clusters: tuple[int, ...], fit: TopicFit, *, depth: int) -> dict[int, tuple[int, ...]]:
    """Fall apart some clusters by their groups on a level of the fit; the last level are the clusters themselves."""
    parts: dict[int, list[int]] = {}
    for cluster in clusters:
        group = int(fit.levels[depth][cluster]) if depth < len(fit.levels) else cluster
        parts.setdefault(group, []).append(cluster)
    return {group: tuple(part) for group, part in parts.items()}


def _widest_first(parts: dict[int, tuple[int, ...]], sizes: NDArray[np.int64]) -> list[tuple[int, tuple[int, ...]]]:
    return sorted(parts.items(), key=lambda item: (-int(sizes[list(item[1])].sum()), item[1]))


def _centres(nodes: Sequence[_Node], fit: TopicFit) -> NDArray[np.float32]:
    """Directions of themes, those of the clusters below by their sizes. On the lattice; shape ``(nodes, width)``."""
    sizes = np.bincount(fit.topics[fit.topics >= 0], minlength=len(fit.centroids))
    weighed = fit.centroids.astype(np.float64) * sizes[:, None]
    rows = [weighed[list(node.clusters)].sum(axis=0) for node in nodes]
    return unit_rows(np.stack(rows)) if rows else np.zeros((0, fit.centroids.shape[1]), dtype=np.float32)


def _words(members: pl.DataFrame, node: _Node, fit: TopicFit, naming: NamingWords) -> ThemeWords:
    """What a theme is named from."""
    theirs = members.filter(pl.col("topic").is_in(list(node.clusters))).sort(
        "strength", "text", "segment_id", descending=[True, False, False]
    )
    texts = theirs["text"].unique(maintain_order=True).to_list()
    exemplars = [*texts[:CENTRAL], *(texts[CENTRAL:][place] for place in _places(len(texts) - CENTRAL, SPREAD))]
    sure = theirs.head(max(FEWEST_NAMING, round(NAMING_SHARE * theirs.height)))
    shown = sure[_places(sure.height, NAMING_MEMBERS)]
    keywords = list(presentable(fit.keywords[node.place[0]][node.place[1]], naming))
    return ThemeWords(shown["text"].to_list(), shown["polarity"].to_list(), exemplars, keywords, theirs.height)


def _places(total: int, wanted: int) -> list[int]:
    """Places of at most ``wanted`` of ``total`` things, evenly spread, the first among them."""
    if total <= wanted:
        return list(range(max(0, total)))
    return [index * total // wanted for index in range(wanted)]


def _ids(nodes: Sequence[_Node], words: Sequence[ThemeWords]) -> list[str]:
    """Opaque ids from the content of the themes' exemplars; a number where two would be the same."""
    ids: list[str] = []
    for node, named in zip(nodes, words, strict=True):
        born = f"t{_digest([str(node.level), *sorted(named.exemplars[:CENTRAL])])}"
        ids.append(born if born not in ids else f"{born}-{len(ids)}")
    return ids


def _digest(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def presentable(keywords: Iterable[str], naming: NamingWords) -> Iterable[str]:
    """Keywords that may be shown: no stop words, masks, figures, profanity or bare judgements, each word once."""
    for keyword in keywords:
        words = tokens(keyword)
        if " ".join(words) != keyword or any(word in naming.profanity for word in words):
            continue
        if not all(word in naming.stop_words or word in naming.evaluations for word in words):
            yield keyword
