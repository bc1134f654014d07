"""Segments are matched to given themes where they are near enough, and left alone where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from textcx.domain.errors import ShapeMismatch
from textcx.domain.themes.seed_topics import SeedTopic, ThemeTaxonomy
from textcx.steps.themes.assignment.seed_topics import LEAST, SeedMatch, match, nearness, place, texts_of
from textcx.steps.themes.geometry.lattice import STEPS, mean_of, on_lattice

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH = 192
EXAMPLES = 6


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class World:
    """Eight clusters of 60 segments, of which a team knows the first four, and 120 segments about nothing else."""

    def __init__(self, *, spread: float = 0.055, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.centres = unit(self.random.normal(size=(8, WIDTH)))
        self.spread = spread
        parts = [self.around(number, 60) for number in range(8)]
        self.vectors = np.concatenate([*parts, unit(self.random.normal(size=(120, WIDTH)))])
        self.truth = np.repeat([0, 1, 2, 3, -1], [60, 60, 60, 60, 4 * 60 + 120])
        self.names = ["Late parcel", "Price rise", "Bitter taste", "Phone support"]
        self.said = {name: self.around(number, EXAMPLES + 1) for number, name in enumerate(self.names)}

    def around(self, number: int, count: int) -> NDArray[np.float32]:
        return unit(self.centres[number] + self.spread * self.random.normal(size=(count, WIDTH)))

    def taxonomy(self, *, examples: int = EXAMPLES, order: int = 1) -> ThemeTaxonomy:
        themes = [
            SeedTopic(
                name=name,
                description=None if examples else f"on {name}",
                examples=tuple(f"{name} told {number}" for number in range(examples)),
            )
            for name in self.names
        ]
        return ThemeTaxonomy(tuple(themes[::order]))

    def given(self, taxonomy: ThemeTaxonomy) -> NDArray[np.float32]:
        """Vectors of the texts: the name and the examples (or the description) of a theme lie in its cluster."""
        return np.concatenate([self.said[theme.name][: len(theme.texts())] for theme in taxonomy.leaves()])

    def numbers(self, found: SeedMatch) -> NDArray[np.int64]:
        """Matches by number of the cluster."""
        ids = {theme.theme_id: self.names.index(theme.name) for theme in found.themes}
        table = np.array([*(ids[theme_id] for theme_id in found.seed_topics.theme_ids), -1])
        return table[found.placed.numbers]


def origin_of(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return (mean_of(on_lattice(vectors)) / STEPS).astype(np.float32)


def matched(world: World) -> SeedMatch:
    taxonomy = world.taxonomy()
    return match(taxonomy, world.given(taxonomy), world.vectors, origin=origin_of(world.vectors))


def test_segments_of_seed_topics_are_matched_and_nearly_all_others_are_not() -> None:
    world = World()
    numbers = world.numbers(matched(world))
    right = numbers[numbers >= 0] == world.truth[numbers >= 0]
    assert right.mean() >= 0.9
    assert right.sum() >= 0.6 * (world.truth >= 0).sum()


def test_a_strength_is_a_probability_and_only_matched_segments_have_one() -> None:
    placed = matched(World()).placed
    assert ((placed.strengths > 0) == (placed.numbers >= 0)).all()
    assert placed.strengths.max() <= 1.0
    assert placed.strengths[placed.numbers >= 0].min() >= LEAST


def test_a_match_is_the_surer_the_nearer_the_segment_is() -> None:
    found = matched(World())
    near = nearness(found.seed_topics, World().vectors).max(axis=1)
    strengths = found.placed.strengths[np.argsort(near)]
    assert (np.diff(strengths) >= 0).all()


def test_the_order_of_the_segments_changes_no_byte() -> None:
    world = World()
    taxonomy = world.taxonomy()
    given, origin = world.given(taxonomy), origin_of(world.vectors)
    order = np.random.default_rng(3).permutation(len(world.vectors))
    one = match(taxonomy, given, world.vectors, origin=origin)
    other = match(taxonomy, given, world.vectors[order], origin=origin)
    assert one.seed_topics.prototypes.tobytes() == other.seed_topics.prototypes.tobytes()
    assert one.placed.strengths[order].tobytes() == other.placed.strengths.tobytes()
    assert one.found_again.tolist() == other.found_again.tolist()


def test_the_order_of_the_themes_changes_no_byte() -> None:
    world = World()
    origin = origin_of(world.vectors)
    one, other = (
        match(taxonomy, world.given(taxonomy), world.vectors, origin=origin)
        for taxonomy in (world.taxonomy(), world.taxonomy(order=-1))
    )
    assert one.seed_topics.theme_ids == other.seed_topics.theme_ids
    assert one.placed.numbers.tobytes() == other.placed.numbers.tobytes()
    assert one.placed.strengths.tobytes() == other.placed.strengths.tobytes()


def test_a_segment_is_placed_alone_as_among_others() -> None:
    world = World()
    found = matched(world)
    for row in (0, 70, 400, 500):
        alone = place(found.seed_topics, world.vectors[row : row + 1])
        assert alone.numbers[0] == found.placed.numbers[row]
        assert alone.strengths[0] == found.placed.strengths[row]


def test_no_segments_are_placed_nowhere() -> None:
    placed = place(matched(World()).seed_topics, np.zeros((0, WIDTH), dtype=np.float32))
    assert len(placed.numbers) == len(placed.strengths) == 0


def test_names_and_descriptions_alone_are_matched() -> None:
    world = World()
    taxonomy = world.taxonomy(examples=0)
    found = match(taxonomy, world.given(taxonomy), world.vectors, origin=origin_of(world.vectors))
    numbers = world.numbers(found)
    assert (numbers[numbers >= 0] == world.truth[numbers >= 0]).mean() >= 0.9
    assert (numbers >= 0).sum() >= 0.9 * (world.truth >= 0).sum()
    assert found.notes == ()


def test_examples_that_are_mixed_up_between_themes_are_told() -> None:
    world = World()
    taxonomy = world.taxonomy()
    given = world.given(taxonomy)
    shuffled = given[np.random.default_rng(1).permutation(len(given))]
    found = match(taxonomy, shuffled, world.vectors, origin=origin_of(world.vectors))
    assert found.found_again.sum() < 0.6 * EXAMPLES * 4
    assert any("may be wrong" in note for note in found.notes)


def test_sound_examples_are_found_again_and_nothing_is_noted() -> None:
    found = matched(World())
    assert found.found_again.tolist() == [EXAMPLES] * 4
    assert found.notes == ()


def test_a_theme_that_nobody_raises_is_matched_to_hardly_anything_and_said_so() -> None:
    world = World()
    world.names.append("Colour of the box")
    away = unit(np.random.default_rng(9).normal(size=(1, WIDTH)))
    world.said["Colour of the box"] = unit(away + 0.04 * np.random.default_rng(8).normal(size=(EXAMPLES + 1, WIDTH)))
    found = matched(world)
    matches = int((world.numbers(found) == world.names.index("Colour of the box")).sum())
    assert matches <= 2
    if not matches:
        assert found.notes == ("No segment was matched to 1 of 5 seed topics: Colour of the box.",)


def test_of_many_silent_themes_five_are_named_and_the_others_counted() -> None:
    world = World()
    silent = [f"Colour {letter}" for letter in "hgfedcba"]
    world.names += silent
    away = unit(np.random.default_rng(9).normal(size=(len(silent), WIDTH)))
    world.said |= {name: np.repeat(row[None], EXAMPLES + 1, axis=0) for name, row in zip(silent, away, strict=True)}
    world.vectors = world.vectors[:240]
    listed = "Colour a, Colour b, Colour c, Colour d, Colour e and 3 more"
    assert matched(world).notes[-1] == f"No segment was matched to 8 of 12 seed topics: {listed}."


def test_a_theme_that_all_segments_raise_breaks_nothing() -> None:
    world = World()
    world.names = world.names[:1]
    taxonomy = world.taxonomy()
    same = np.repeat(world.centres[:1], 30, axis=0)
    for vectors in (same, world.around(0, 30)):
        found = match(taxonomy, world.given(taxonomy), vectors, origin=origin_of(vectors))
        assert np.isfinite(found.placed.strengths).all()
        assert set(found.placed.numbers.tolist()) <= {0, -1}


def test_a_single_given_theme_is_matched() -> None:
    world = World()
    world.names = world.names[:1]
    found = matched(world)
    numbers = world.numbers(found)
    assert (world.truth[numbers >= 0] == 0).mean() >= 0.85
    assert (numbers >= 0).sum() >= 20


def test_texts_to_encode_come_theme_by_theme_with_the_name_first() -> None:
    taxonomy = World().taxonomy(examples=2)
    texts = texts_of(taxonomy)
    assert len(texts) == 4 * 3
    assert texts[::3] == [theme.name for theme in taxonomy.leaves()]


def test_vectors_of_other_texts_or_another_encoder_are_refused() -> None:
    world = World()
    taxonomy = world.taxonomy()
    given, origin = world.given(taxonomy), origin_of(world.vectors)
    with pytest.raises(ShapeMismatch, match="28 texts of seed topics"):
        match(taxonomy, given[1:], world.vectors, origin=origin)
    with pytest.raises(ShapeMismatch, match="one encoder"):
        match(taxonomy, given, world.vectors[:, 1:], origin=origin)
