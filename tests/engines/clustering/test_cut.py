from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from textcx.engines.clustering.clusters import find_clusters
from textcx.engines.clustering.cut import COUNTS, RESERVE, choose_cut, resolution_for
from textcx.engines.clustering.neighbour_graph import nearest_neighbours, shared_neighbour_graph
from textcx.steps.themes.geometry.lattice import mean_of, on_lattice, relative_to


def heaps(
    number: int, *, each: int, noise: float = 0.35, width: int = 48, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(number, width))
    truth = np.repeat(np.arange(number), each)
    vectors = centres[truth] / np.sqrt(width) + noise * random.normal(size=(len(truth), width)) / np.sqrt(width)
    order = random.permutation(len(truth))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return on_lattice(vectors[order]), truth[order]


def neighbours_of(lattice: np.ndarray):  # noqa: ANN201 - as the function of that name
    count = min(len(lattice) - 1, math.ceil(max(COUNTS) * RESERVE))
    return nearest_neighbours(relative_to(mean_of(lattice), lattice), count=count)


@pytest.mark.parametrize("number", [16, 30])
def test_as_many_clusters_are_chosen_as_the_data_hold(number: int) -> None:
    lattice, _ = heaps(number, each=60, noise=0.5)

    cut = choose_cut(neighbours_of(lattice), seed=0)

    assert cut.clusters == number
    assert cut.stability > 0.95


def test_the_same_neighbours_give_the_same_choice() -> None:
    neighbours = neighbours_of(heaps(10, each=40, noise=1.5)[0])

    assert choose_cut(neighbours, seed=0) == choose_cut(neighbours, seed=0)


def test_cuts_that_are_equally_good_are_met_in_the_middle() -> None:
    # Sixteen heaps of three heaps each: sixteen and forty-eight clusters are both found again in every sample.
    random = np.random.default_rng(0)
    centres = random.normal(size=(16, 1, 1, 48)) + 0.8 * random.normal(size=(16, 3, 1, 48))
    vectors = (centres + 0.1 * random.normal(size=(16, 3, 25, 48))).reshape(-1, 48)
    lattice = on_lattice((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))

    cut = choose_cut(neighbours_of(lattice[random.permutation(len(lattice))]), seed=0)

    assert 16 < cut.clusters <= 48
    assert cut.stability > 0.95


def test_a_resolution_is_found_for_a_number_of_clusters() -> None:
    lattice, truth = heaps(20, each=30)
    graph = shared_neighbour_graph(neighbours_of(lattice), counts=(15,))

    from textcx.engines.clustering.neighbour_graph import communities

    labels = communities(graph, resolution=resolution_for(graph, 20, guess=1.0, seed=0), seed=0)

    assert adjusted_rand_score(truth, labels) == 1.0


def test_what_is_planted_is_found_again_in_every_sample_and_strong() -> None:
    lattice, truth = heaps(20, each=40)

    found = find_clusters(lattice, seed=0)

    assert adjusted_rand_score(truth, found.labels) == 1.0
    assert found.stabilities[-1].tolist() == [1.0] * 20
    assert found.stability == 1.0
    assert len(found.levels) == 1
    assert 8 <= int(found.levels[0].max()) + 1 <= 15


def test_strength_grows_with_closeness_and_lead() -> None:
    found = find_clusters(heaps(12, each=60, noise=2.2)[0], seed=0)

    assert found.curve.by_cosine >= 0
    assert found.curve.by_margin >= 0
    assert found.curve.by_cosine + found.curve.by_margin > 0


def test_clusters_without_structure_are_fragile() -> None:
    vectors = np.random.default_rng(0).normal(size=(900, 48)).astype(np.float32)
    lattice = on_lattice(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    found = find_clusters(lattice, seed=0)

    assert found.stability < 0.5
    assert found.stabilities[-1].mean() < 0.5


def test_vectors_that_are_all_the_same_are_one_cluster() -> None:
    lattice = on_lattice(np.repeat(np.eye(8, dtype=np.float32)[:1], 40, axis=0))

    found = find_clusters(lattice, seed=0)

    assert set(found.labels.tolist()) == {0}
    assert found.levels == ()
