from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcx.engines.clustering import neighbour_graph
from textcx.engines.clustering.neighbour_graph import by_size, communities, nearest_neighbours, shared_neighbour_graph
from textcx.steps.themes.geometry.lattice import on_lattice


def some(total: int, *, width: int = 6, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(total, width)).astype(np.float32)
    return on_lattice(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@given(st.integers(2, 60), st.integers(1, 25), st.integers(0, 5))
def test_neighbours_are_the_nearest_by_brute_force(total: int, wanted: int, seed: int) -> None:
    lattice = some(total, seed=seed)
    count = min(wanted, total - 1)

    found = nearest_neighbours(lattice, count=count)

    products = (lattice.astype(np.int64) @ lattice.astype(np.int64).T).tolist()
    expected = [
        sorted((j for j in range(total) if j != i), key=lambda j, i=i: (-products[i][j], j))[:count]
        for i in range(total)
    ]
    assert found.indices.tolist() == expected


@given(st.integers(8, 60), st.integers(0, 5))
def test_neighbours_among_some_are_those_of_a_search_among_them(total: int, seed: int) -> None:
    lattice = some(total, seed=seed)
    kept = np.random.default_rng(seed).random(total) < 0.7
    kept[:4] = True

    among = nearest_neighbours(lattice, count=total - 1).among(kept, count=3)

    alone = nearest_neighbours(lattice[kept], count=3)
    assert among.indices.tolist() == alone.indices.tolist()
    assert among.cosines.tolist() == alone.cosines.tolist()


def test_a_missing_neighbour_joins_nothing() -> None:
    lattice = some(20)
    kept = np.zeros(20, dtype=bool)
    kept[[0, 1, 2]] = True

    graph = shared_neighbour_graph(nearest_neighbours(lattice, count=2).among(kept, count=2), counts=(2,))

    assert graph.shape == (3, 3)
    assert graph.diagonal().sum() == 0


def test_weights_are_symmetric_shares() -> None:
    graph = shared_neighbour_graph(nearest_neighbours(some(50), count=8), counts=(8,)).toarray()

    assert (graph == graph.T).all()
    assert graph.min() >= 0
    assert graph.max() <= 1
    assert np.trace(graph) == 0


def test_an_edge_weighs_the_mean_overlap_of_neighbourhoods_of_several_sizes() -> None:
    neighbours = nearest_neighbours(some(60), count=12)

    narrow, wide, both = (shared_neighbour_graph(neighbours, counts=counts) for counts in ((4,), (12,), (4, 12)))

    assert np.abs(both - (narrow + wide) / 2).max() < 1e-12


def test_an_overlap_is_the_share_of_all_neighbours_that_two_have_in_common() -> None:
    lattice = some(40)
    neighbours = nearest_neighbours(lattice, count=5)
    around = [{place, *row} for place, row in enumerate(neighbours.indices.tolist())]

    graph = shared_neighbour_graph(neighbours, counts=(5,)).toarray()

    for one, row in enumerate(neighbours.indices.tolist()):
        for other, cosine in zip(row, neighbours.cosines[one].tolist(), strict=True):
            overlap = len(around[one] & around[other]) / len(around[one] | around[other])
            assert graph[one, other] == pytest.approx(max(cosine, 0.0) * overlap)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_things_done_at_a_time_changes_nothing(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lattice = some(1200, width=24)

    def found() -> bytes:
        graph = shared_neighbour_graph(nearest_neighbours(lattice, count=12), counts=(6, 12))
        return communities(graph, resolution=3.0, seed=1, trials=4, rounds=2).tobytes()

    expected = found()
    monkeypatch.setattr(neighbour_graph, "THREADS", threads)

    assert found() == expected


def test_two_heaps_are_two_communities_the_larger_first() -> None:
    random = np.random.default_rng(1)
    centres = np.eye(8)[[0] * 20 + [1] * 30] + 0.1 * random.normal(size=(50, 8))
    lattice = on_lattice((centres / np.linalg.norm(centres, axis=1, keepdims=True)).astype(np.float32))

    graph = shared_neighbour_graph(nearest_neighbours(lattice, count=8), counts=(8,))
    labels = communities(graph, resolution=0.5, seed=0, trials=2)

    assert set(labels[20:].tolist()) == {0}
    assert set(labels[:20].tolist()) == {1}


def test_clusters_of_the_same_size_are_numbered_by_their_first_member() -> None:
    assert by_size(np.array([7, 3, 3, 7, 5])).tolist() == [0, 1, 1, 0, 2]


def test_the_number_of_threads_changes_no_neighbour() -> None:
    script = (
        "import numpy as np, hashlib\n"
        "from textcx.engines.clustering.neighbour_graph import nearest_neighbours, shared_neighbour_graph, communities\n"
        "from textcx.steps.themes.geometry.lattice import on_lattice, mean_of, relative_to\n"
        "v = np.random.default_rng(0).normal(size=(1500, 384)).astype(np.float32)\n"
        "v /= np.linalg.norm(v, axis=1, keepdims=True)\n"
        "l = on_lattice(v); r = relative_to(mean_of(l), l)\n"
        "n = nearest_neighbours(r, count=15)\n"
        "c = communities(shared_neighbour_graph(n, counts=(15,)), resolution=2.0, seed=0)\n"
        "print(hashlib.sha256(n.indices.tobytes() + n.cosines.tobytes() + c.tobytes()).hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True,
            env={"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PATH": ""},
        ).stdout
        for threads in ("1", "2")
    }  # fmt: skip

    assert len(digests) == 1
