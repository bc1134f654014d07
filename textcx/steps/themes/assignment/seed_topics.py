"""Match segments to the themes that a team brought along, before new ones are sought in the rest.

The prototype of a seed topic is the mean direction of the texts that tell of it (Rocchio, 1971): its name, description,
keywords and examples. How *near* a segment is to a theme is its cosine to that, both seen from the mean of the
feedback: what all of it has in common says nothing about which theme a segment raises. A logistic curve turns nearness
into the probability that the theme covers the segment. It was learned once, from remarks of many trades that were
written for textcx and filed under matters by hand, so it needs neither labels nor examples of the team. A segment goes
to the nearest theme if that covers it with a probability of at least ``LEAST``.

Vectors are matters (``Encoding.matters``) where the encoder has them. A theme whose examples have little in common is
matched wrongly, and the notes say so. Invariants, tested: the order of segments and of themes changes no byte; a
segment's match hangs on nothing but the segment once the themes are learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.errors import ShapeMismatch
from textcx.domain.matters import Nearness
from textcx.domain.themes.sets import SeedTopics
from textcx.steps.themes.geometry.closeness import DIGITS
from textcx.steps.themes.geometry.lattice import ROWS, STEPS, cosines, off_lattice, on_lattice, seen_from, unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.seed_topics import SeedTopic, ThemeTaxonomy
    from textcx.domain.themes.sets import Theme

    Numbers = NDArray[np.int64]

CURVE, LEAST = Nearness(slope=9.5, shift=-2.7), 0.34
"""From nearness to the probability that the nearest theme covers a segment, and the least one of a match. Fitted by
``benchmarks.themes.taxonomy_curve``, on trades that the encoder was not trained on."""

TELLING, FOUND_AGAIN = 5, 0.6
"""Examples from which on it is worth telling that they are mixed; share of them nearest to their own theme below which
they are said to be."""

LISTED = 5
"""Names that a note lists at most."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Number of the given theme of each segment, -1 where none, and the strength there, 0..1; 0 where none."""

    numbers: Numbers
    strengths: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedMatch:
    """The seed topics, what belongs to them, the whole taxonomy as themes of a set, and sentences for the reader.

    ``found_again`` says for each of ``seed_topics.theme_ids`` how many of its examples, each left out in turn, are
    nearer to it than to any other.
    """

    themes: tuple[Theme, ...]
    seed_topics: SeedTopics
    placed: Placed
    found_again: Numbers
    notes: tuple[str, ...]


def texts_of(taxonomy: ThemeTaxonomy) -> list[str]:
    """Return the texts to encode for ``match``, in the order it takes their vectors."""
    return [text for theme in taxonomy.leaves() for text in theme.texts()]


def match(
    taxonomy: ThemeTaxonomy,
    seed_vectors: NDArray[np.float32],
    vectors: NDArray[np.float32],
    *,
    origin: NDArray[np.float32],
) -> SeedMatch:
    """Match segments to the leaves of a taxonomy.

    ``seed_vectors`` are those of ``texts_of(taxonomy)``, ``vectors`` those of the segments of substance, of unit length
    and by one encoder, shapes ``(texts, width)`` and ``(segments, width)``. ``origin`` is the mean of ``vectors``.

    Raises:
        ShapeMismatch: If there is not one vector per text, or the widths differ.
    """
    leaves = taxonomy.leaves()
    owners = np.repeat(np.arange(len(leaves)), [len(theme.texts()) for theme in leaves])
    if seed_vectors.shape != (len(owners), len(origin)) or vectors.shape[1:] != origin.shape:
        msg = (
            f"{len(owners)} texts of seed topics, an origin of width {len(origin)}, and vectors of shape "
            f"{seed_vectors.shape} and {vectors.shape} came; encode texts_of(taxonomy) and the segments with one "
            "encoder"
        )
        raise ShapeMismatch(msg)
    seed_topics = seed_topics_from([theme.theme_id for theme in leaves], owners, seed_vectors, origin=origin)
    placed = place(seed_topics, vectors)
    found_again = _found_again(leaves, seen_from(origin, seed_vectors), owners)
    return SeedMatch(
        themes=taxonomy.tree(),
        seed_topics=seed_topics,
        placed=placed,
        found_again=found_again,
        notes=_notes(leaves, found_again.tolist(), placed),
    )


def seed_topics_from(
    theme_ids: Sequence[str], owners: Numbers, seed_vectors: NDArray[np.float32], *, origin: NDArray[np.float32]
) -> SeedTopics:
    """Take together the texts of each theme; ``owners`` are the numbers of the themes that they tell of."""
    return SeedTopics(
        theme_ids=tuple(theme_ids),
        origin=off_lattice(on_lattice(origin)),
        prototypes=off_lattice(unit_rows(_sums(seen_from(origin, seed_vectors), owners, count=len(theme_ids)))),
        curve=CURVE,
        least=LEAST,
    )


def nearness(seed_topics: SeedTopics, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """How near segments are to seed topics, -1..1. Shape ``(segments, themes)``."""
    return cosines(seen_from(seed_topics.origin, vectors), on_lattice(seed_topics.prototypes))


def place(seed_topics: SeedTopics, vectors: NDArray[np.float32]) -> Placed:
    """Match segments, each by itself, to seed topics that ``match`` learned with the same encoder.

    The strength is the probability that the theme covers the segment. Of equally near themes the first is taken.
    """
    numbers = np.full(len(vectors), -1, dtype=np.int64)
    strengths = np.zeros(len(vectors))
    for first in range(0, len(vectors), ROWS):
        rows = slice(first, first + ROWS)
        near = nearness(seed_topics, vectors[rows])
        chance = np.round(seed_topics.curve(near.max(axis=1)).astype(np.float64), DIGITS)
        belongs = chance >= seed_topics.least
        numbers[rows] = np.where(belongs, near.argmax(axis=1), -1)
        strengths[rows] = np.where(belongs, chance, 0.0)
    return Placed(numbers, strengths)


def _sums(texts: NDArray[np.float32], owners: Numbers, *, count: int) -> NDArray[np.float64]:
    """Sums of the lattice vectors of each theme. Shape ``(count, width)``."""
    return np.stack([texts[owners == number].astype(np.float64).sum(axis=0) for number in range(count)])


def _found_again(leaves: Sequence[SeedTopic], texts: NDArray[np.float32], owners: Numbers) -> Numbers:
    """Leave out each example in turn, and count for each theme how many are nearest to the rest of their own."""
    sums = _sums(texts, owners, count=len(leaves))
    held = np.concatenate([np.arange(len(each.texts())) >= len(each.texts()) - len(each.examples) for each in leaves])
    examples, whose = texts[held], owners[held]
    near = cosines(examples, unit_rows(sums))
    rest = unit_rows(sums[whose] - examples)
    near[np.arange(len(whose)), whose] = (examples.astype(np.float64) * rest).sum(axis=1) / STEPS**2
    return np.bincount(whose[near.argmax(axis=1) == whose], minlength=len(leaves))


def _notes(leaves: Sequence[SeedTopic], found_again: Sequence[int], placed: Placed) -> tuple[str, ...]:
    """What the reader should know about the match as a whole."""
    notes = []
    examples, found = sum(len(theme.examples) for theme in leaves), sum(found_again)
    if examples >= TELLING and found < FOUND_AGAIN * examples:
        pairs = zip(leaves, found_again, strict=True)
        mixed = [theme.name for theme, own in pairs if own < FOUND_AGAIN * len(theme.examples)]
        notes.append(
            f"Only {found} of {examples} examples of the seed topics are nearer to the others of their own theme than "
            f"to another's, so matches may be wrong. Look at {_listed(mixed)}."
        )
    silent = [theme.name for number, theme in enumerate(leaves) if number not in placed.numbers]
    if silent:
        notes.append(f"No segment was matched to {len(silent)} of {len(leaves)} seed topics: {_listed(silent)}.")
    return tuple(notes)


def _listed(names: Sequence[str]) -> str:
    """Names in alphabetical order, the first few where there are many."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(sorted(names)[:LISTED]) + more
