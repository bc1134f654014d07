"""Match segments to the themes that a team brought along, before new ones are sought in the rest.

The prototype of a seed topic is the mean direction of the texts that tell of it (Rocchio, 1971). How *near* a segment
is to a theme is its cosine to that, less half of how crowded it is around the segment itself (a local scaling: Conneau
et al., 2018, section 2.3), plus half of its lead over the next seed topic. Where a segment has many closer neighbours
in the data, a seed topic has to be closer still.

From which nearness on a segment belongs to a theme is found without labels. Nearness is taken as a mixture of two
normal distributions, right and wrong, of means of their own for every theme and one spread. They are fitted by
expectation and maximization (Dempster, Laird and Rubin, 1977) to the segments, and to examples left out: each example
against the other texts of its theme is a right match, against all other themes a wrong one. The odds of right are then
logistic in nearness. A segment is matched if

* the odds are nine to one (a local false discovery rate of a tenth: Efron, 2004),
* it is at least as near as the further examples are when they are left out (a fifth of them where the seed topics
  cover all of the data, half where they cover little: then much else may be only like them), and
* at most a tenth of the left-out examples that land there belong to another theme.

Nothing here sees a label. A theme whose examples have little in common is matched rarely or wrongly, and the notes say
so. Invariants, tested: the order of segments and of themes changes no byte; a segment's match hangs on nothing but the
segment once the themes are learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.errors import ShapeMismatch
from textcx.domain.themes.sets import SeedTopics
from textcx.steps.themes.assignment import seed_calibration as calibration
from textcx.steps.themes.geometry.closeness import DIGITS
from textcx.steps.themes.geometry.lattice import ROWS, off_lattice, on_lattice, seen_from, unit_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.themes.seed_topics import SeedTopic, ThemeTaxonomy
    from textcx.domain.themes.sets import Theme

    Floats = NDArray[np.float64]
    Numbers = NDArray[np.int64]

FITTED, FOUND_AGAIN = 20_000, 0.6
"""Segments that the mixture is fitted to; share of the left-out examples nearest to their own theme below which the
examples are said to be too mixed."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Number of the given theme of each segment, -1 where none, and the strength there, 0..1; 0 where none."""

    numbers: Numbers
    strengths: Floats


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
    """Learn from what nearness on segments belong to seed topics, and match them.

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
    texts = seen_from(origin, seed_vectors)
    sums = np.stack([texts[owners == number].astype(np.float64).sum(axis=0) for number in range(len(leaves))])
    shown = seen_from(origin, vectors[_drawn(vectors)])
    prototypes, background = unit_rows(sums), shown[: calibration.BACKGROUND]
    near = calibration.nearness(calibration.cosines_to(shown, prototypes), calibration.crowd_around(shown, background))
    left_out = calibration.leave_out(leaves, texts, owners, sums, background)
    slopes, biases, share = calibration.fit_odds(near, left_out)
    cuts = calibration.cuts_for(left_out, slopes, biases, share=share)
    seed_topics = SeedTopics(
        theme_ids=tuple(theme.theme_id for theme in leaves),
        origin=off_lattice(on_lattice(origin)),
        prototypes=off_lattice(prototypes),
        background=off_lattice(background),
        slopes=slopes,
        biases=biases,
        cuts=cuts,
        share_right=calibration.share_right(left_out, cuts),
    )
    placed = place(seed_topics, vectors)
    found_again = np.bincount(left_out.own, minlength=len(leaves))
    return SeedMatch(
        themes=taxonomy.tree(),
        seed_topics=seed_topics,
        placed=placed,
        found_again=found_again,
        notes=_notes(leaves, found_again.tolist(), placed),
    )


def place(seed_topics: SeedTopics, vectors: NDArray[np.float32]) -> Placed:
    """Match segments, each by itself, to seed topics that ``match`` learned with the same encoder.

    The strength is the probability that the match is right: by the mixture, times ``seed_topics.share_right``.
    """
    numbers = np.full(len(vectors), -1, dtype=np.int64)
    strengths = np.zeros(len(vectors))
    prototypes, background = on_lattice(seed_topics.prototypes), on_lattice(seed_topics.background)
    for first in range(0, len(vectors), ROWS):
        relative = seen_from(seed_topics.origin, vectors[first : first + ROWS])
        cosine = calibration.cosines_to(relative, prototypes)
        near = calibration.nearness(cosine, calibration.crowd_around(relative, background))
        best, value = calibration.best_of(near)
        belongs = value >= seed_topics.cuts[best]
        odds = seed_topics.biases[best] + seed_topics.slopes[best] * value
        chance = seed_topics.share_right * calibration.chance_of(odds)
        numbers[first : first + ROWS] = np.where(belongs, best, -1)
        strengths[first : first + ROWS] = np.where(belongs, np.round(chance, DIGITS), 0.0)
    return Placed(numbers, strengths)


def _drawn(vectors: NDArray[np.float32]) -> Numbers:
    """Places of at most ``FITTED`` different vectors, in a random order that hangs on their content alone."""
    weights = np.random.default_rng(0).integers(0, 2**63, size=vectors.shape[1], dtype=np.uint64) | np.uint64(1)
    marks = np.empty(len(vectors), dtype=np.uint64)
    for first in range(0, len(vectors), ROWS):
        whole = on_lattice(vectors[first : first + ROWS]).astype(np.int64).astype(np.uint64)  # wraps: exact, any order
        mark = (whole * weights).sum(axis=1, dtype=np.uint64)
        mark ^= mark >> np.uint64(31)
        marks[first : first + ROWS] = mark * np.uint64(0x9E3779B97F4A7C15)
    _, places = np.unique(marks, return_index=True)
    return places[:FITTED].astype(np.int64)


def _notes(leaves: Sequence[SeedTopic], found_again: Sequence[int], placed: Placed) -> tuple[str, ...]:
    """What the reader should know about the match as a whole."""
    notes = []
    examples, found = sum(len(theme.examples) for theme in leaves), sum(found_again)
    if examples < calibration.TELLING:
        notes.append(
            "The seed topics have hardly any examples, so how near is near enough had to be guessed; give each five."
        )
    elif found < FOUND_AGAIN * examples:
        pairs = zip(leaves, found_again, strict=True)
        mixed = sorted(theme.name for theme, own in pairs if own < FOUND_AGAIN * len(theme.examples))
        notes.append(
            f"Only {found} of {examples} examples of the seed topics are nearer to the others of their own theme than "
            f"to another's, so more than one match in ten may be wrong. Look at: {', '.join(mixed)}."
        )
    silent = sorted(theme.name for number, theme in enumerate(leaves) if number not in placed.numbers)
    if silent:
        notes.append(f"No segment was matched to: {', '.join(silent)}.")
    return tuple(notes)
