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
from textcx.steps.themes.geometry.lattice import mean_of, off_lattice, on_lattice, relative_to, unit_rows
from textcx.steps.themes.naming import ThemeWords

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.themes.seed_topics import ThemeTaxonomy
    from textcx.domain.themes.sets import SeedTopics
    from textcx.ports import ThemeModel, TopicFit
    from textcx.steps.themes.naming import Naming

CENTRAL, SPREAD = 24, 24
"""Members that a theme is named from: the strongest, and others spread over the rest."""

KEYWORDS, SAMPLED = 10, 20_000
"""Keywords shown per theme, and segments whose vectors are kept in the set, at most."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A theme to be: its level, the node above, the finest clusters below, and where its figures stand in the fit."""

    level: int
    parent: int | None
    clusters: tuple[int, ...]
    place: tuple[int, int]  # level in the fit and number there


@dataclass(frozen=True, slots=True)
class EncodedTaxonomy:
    """A team's own themes, and the vectors of ``seed_topics.texts_of(taxonomy)``. Shape ``(texts, width)``.

    They are of the same kind as those of the segments: matters.
    """

    themes: ThemeTaxonomy
    vectors: NDArray[np.float32]


def learn_themes(
    segments: pl.DataFrame,
    vectors: NDArray[np.float32],
    *,
    model: ThemeModel,
    naming: Naming,
    seed: int = 0,
    max_unassigned: float | None = None,
    taxonomy: EncodedTaxonomy | None = None,
) -> tuple[ThemeSet, tuple[str, ...]]:
    """Learn the themes of segments, none of which is boilerplate; the options are those of ``find_themes``.

    Segments are sorted by ``segment_id`` (unique) and have ``record_id``, ``text`` (redacted) and ``polarity``; vectors
    are of unit length, shape ``(segments, width)``. Returns the set, version 1, and sentences for the reader.
    """
    matched = None
    rest = np.ones(segments.height, dtype=bool)
    if taxonomy is not None:
        origin = off_lattice(mean_of(on_lattice(vectors)))
        matched = match(taxonomy.themes, taxonomy.vectors, vectors, origin=origin)
        rest = matched.placed.numbers < 0
    fit = model.fit(
        segments.filter(pl.Series(rest))["text"].to_list(), vectors[rest], seed=seed, max_unassigned=max_unassigned
    )
    topics, strengths = np.full(segments.height, -1, dtype=np.int64), np.zeros(segments.height)
    topics[rest], strengths[rest] = fit.topics, fit.strengths
    members = segments.with_row_index("row").select(
        "row", "segment_id", "record_id", "text", topic=pl.Series(topics), strength=pl.Series(strengths)
    )
    seeds = () if matched is None else matched.themes
    taken = [theme.name for theme in seeds]
    clusters = [_Node(1, None, (cluster,), (len(fit.levels), cluster)) for cluster in range(len(fit.centroids))]
    leaf_names = naming.name([_words(members, node, fit, vectors, naming.words) for node in clusters], taken=taken)
    nodes = _tree(fit, [cluster for cluster, name in enumerate(leaf_names) if name is not None])
    words = [_words(members, node, fit, vectors, naming.words) for node in nodes]
    names = _names_above(nodes, words, leaf_names, taken=taken, naming=naming)
    ids = _ids(nodes, words)
    found = [
        Theme(
            theme_id=ids[number],
            parent_theme_id=None if node.parent is None else ids[node.parent],
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
    owners = tuple(leaf_of[cluster] for cluster in sorted(leaf_of))
    prototypes = prototypes[sorted(leaf_of)]
    strengths[[place for place, theme_id in enumerate(theme_ids) if theme_id is None]] = 0.0
    if taxonomy is not None and matched is not None:
        seed_topics, placed = matched.seed_topics, matched.placed
        for place in np.flatnonzero(~rest).tolist():
            theme_ids[place] = seed_topics.theme_ids[placed.numbers[place]]
        strengths[~rest] = placed.strengths[~rest]
        origin = origin if len(prototypes) else on_lattice(seed_topics.origin)
        prototypes = np.concatenate([_seed_prototypes(seed_topics, taxonomy, origin=origin), prototypes])
        owners = (*seed_topics.theme_ids, *owners)
    kept = sampled(segments["segment_id"].to_list(), most=SAMPLED)
    theme_set = ThemeSet(
        set_id=f"s{_digest([*ids, *(theme.theme_id for theme in seeds), naming.encoder.encoder_id])}",
        version=1,
        encoder_id=naming.encoder.encoder_id,
        themes=(*seeds, *found),
        origin=off_lattice(origin),
        prototypes=off_lattice(prototypes),
        owners=owners,
        curve=fit.curve,
        members=segments.select(
            "segment_id",
            "record_id",
            theme_id=pl.Series(theme_ids, dtype=pl.String),
            strength=pl.Series(strengths),
        ).cast(MEMBERS),
        sample_ids=tuple(segments["segment_id"][kept]),
        sample=vectors[kept].astype(np.float16),
        exceptions=np.zeros((0, vectors.shape[1]), dtype=np.float32),
        settings={"seed": seed, "max_unassigned": max_unassigned, "stability": fit.stability},
        seed_topics=None if matched is None else matched.seed_topics,
    )
    return theme_set, () if matched is None else matched.notes


def _seed_prototypes(
    seed_topics: SeedTopics, taxonomy: EncodedTaxonomy, *, origin: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Directions of the texts of given themes, as seen from the origin of the set. On the lattice."""
    owners = np.array([theme.theme_id for theme in taxonomy.themes.leaves() for _ in theme.texts()])
    seen = relative_to(origin, on_lattice(taxonomy.vectors)).astype(np.float64)
    return unit_rows(np.stack([seen[owners == theme_id].sum(axis=0) for theme_id in seed_topics.theme_ids]))


def sampled(segment_ids: Sequence[str], *, most: int) -> list[int]:
    """Places of at most so many segments, chosen by a hash of their ids, in order."""
    ranked = sorted(range(len(segment_ids)), key=lambda place: _digest([segment_ids[place]]))
    return sorted(ranked[:most])


def _sizes(fit: TopicFit) -> NDArray[np.int64]:
    return np.bincount(fit.topics[fit.topics >= 0], minlength=len(fit.centroids))


def _tree(fit: TopicFit, kept: Sequence[int]) -> list[_Node]:
    """Nodes over the clusters that are kept, parents before children, wider ones first; none has a single child."""
    sizes = _sizes(fit)
    finest = len(fit.levels)
    nodes: list[_Node] = []

    def parts_of(clusters: Sequence[int], depth: int) -> list[tuple[int, tuple[int, ...]]]:
        """Groups of clusters on a level of the fit, the widest first; on the last, each cluster is one."""
        parts: dict[int, tuple[int, ...]] = {}
        for cluster in clusters:
            group = int(fit.levels[depth][cluster]) if depth < finest else cluster
            parts[group] = (*parts.get(group, ()), cluster)
        return sorted(parts.items(), key=lambda part: (-int(sizes[list(part[1])].sum()), part[1]))

    def grow(clusters: tuple[int, ...], parent: int | None, level: int, place: tuple[int, int]) -> None:
        number = len(nodes)
        if len(clusters) == 1:
            place = (finest, clusters[0])
        nodes.append(_Node(level, parent, clusters, place))
        for depth in range(place[0] + 1, finest + 1):
            parts = parts_of(clusters, depth)
            if len(parts) > 1:
                for group, part in parts:
                    grow(part, number, level + 1, (depth, group))
                return

    for group, part in parts_of(kept, 0):
        grow(part, None, 1, (0, group))
    return nodes


def _names_above(
    nodes: Sequence[_Node],
    words: Sequence[ThemeWords],
    leaf_names: Sequence[str | None],
    *,
    taken: Sequence[str],
    naming: Naming,
) -> list[str]:
    """Names of all nodes: those of leaves are known; one that nothing covers is called after its two widest parts."""
    parents = {node.parent for node in nodes}
    names = {number: leaf_names[node.clusters[0]] or "" for number, node in enumerate(nodes) if number not in parents}
    for level in sorted({node.level for node in nodes}, reverse=True):
        above = [number for number, node in enumerate(nodes) if node.level == level and number in parents]
        found = naming.name([words[number] for number in above], taken=[*taken, *names.values()])
        for number, name in zip(above, found, strict=True):
            parts = [names[child] for child, node in enumerate(nodes) if node.parent == number]
            names[number] = name or f"{parts[0]} and {_inside(parts[1])}"
    return [names[number] for number in range(len(nodes))]


def _inside(name: str) -> str:
    """A name as it stands inside another: with a small letter, but for "VPN" and "WiFi"."""
    return name[:1].lower() + name[1:] if name.partition(" ")[0][1:].islower() else name


def _words(
    members: pl.DataFrame, node: _Node, fit: TopicFit, vectors: NDArray[np.float32], naming: NamingWords
) -> ThemeWords:
    """What a theme is named from."""
    theirs = members.filter(pl.col("topic").is_in(list(node.clusters))).sort(
        "strength", "text", "segment_id", descending=[True, False, False]
    )
    different = theirs.unique("text", keep="first", maintain_order=True)
    spread = [CENTRAL + place for place in _places(different.height - CENTRAL, SPREAD)]
    shown = different[[*range(min(CENTRAL, different.height)), *spread]]
    keywords = list(presentable(fit.keywords[node.place[0]][node.place[1]], naming))
    return ThemeWords(shown["text"].to_list(), vectors[shown["row"].to_numpy()], keywords, theirs.height)


def _places(total: int, wanted: int) -> list[int]:
    """Places of at most ``wanted`` of ``total`` things, evenly spread, the first among them."""
    return list(range(total)) if total <= wanted else [index * total // wanted for index in range(wanted)]


def _ids(nodes: Sequence[_Node], words: Sequence[ThemeWords]) -> list[str]:
    """Opaque ids from the content of the themes' exemplars; a number where two would be the same."""
    ids: list[str] = []
    for node, named in zip(nodes, words, strict=True):
        born = f"t{_digest([str(node.level), *sorted(named.texts[:CENTRAL])])}"
        ids.append(born if born not in ids else f"{born}-{len(ids)}")
    return ids


def _digest(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def presentable(keywords: Iterable[str], naming: NamingWords) -> Iterable[str]:
    """Keywords that may be shown: no stop words, masks, figures, profanity or bare judgements, each word once."""
    for keyword in keywords:
        words = tokens(keyword)
        dull = all(word in naming.stop_words or word in naming.evaluations for word in words)
        if " ".join(words) == keyword and not dull and not any(word in naming.profanity for word in words):
            yield keyword
