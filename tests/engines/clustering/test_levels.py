from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textcx.engines.clustering.levels import LARGEST, cut_joins, levels_above, overlaps, ward


def centroids(number: int, *, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(number, 12))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(2, 30), st.integers(0, 5))
def test_joins_leave_one_cluster_and_lose_ever_more(number: int, seed: int) -> None:
    sizes = np.random.default_rng(seed).integers(3, 90, size=number)

    joins = ward(centroids(number, seed=seed), sizes)

    assert len(joins) == number - 1
    weights = sizes.astype(float)
    small: list[float] = []
    for one, other, loss in joins:
        weights[one] += weights[other]
        if weights[one] > LARGEST * sizes.sum():
            break
        small.append(loss)
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(small))


def test_vague_clusters_that_lie_close_together_make_no_heap() -> None:
    dice = np.random.default_rng(4)
    vague = centroids(1) * 0.2 + dice.normal(scale=0.02, size=(30, 12))
    points = np.vstack([vague, centroids(20, seed=3)])
    sizes = np.full(50, 20)

    main, _ = levels_above(points, sizes)

    assert np.bincount(main).max() <= LARGEST * 50


def test_joins_are_those_of_ward_in_scipy() -> None:
    from scipy.cluster.hierarchy import fcluster, linkage

    points = centroids(25)

    for groups in (3, 8, 15):
        ours = cut_joins(ward(points, np.ones(25, dtype=np.int64)), clusters=25, groups=groups)
        theirs = fcluster(linkage(points, "ward"), groups, criterion="maxclust")
        assert len(set(zip(ours.tolist(), theirs.tolist(), strict=True))) == groups


@given(st.integers(1, 160))
def test_levels_are_as_many_as_people_can_use_and_made_of_whole_clusters(number: int) -> None:
    levels = levels_above(centroids(number), np.full(number, 20))

    if number <= 15:
        assert levels == []
        return
    assert 8 <= len(set(levels[0].tolist())) <= 15
    if number >= 50:
        assert len(set(levels[1].tolist())) == 40
        assert len(set(zip(levels[0].tolist(), levels[1].tolist(), strict=True))) == 40
    else:
        assert len(levels) == 1


def test_overlap_is_shared_over_all_members() -> None:
    shared = overlaps(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), count=2)

    assert shared.round(3).tolist() == [[0.667, 0.25], [0.0, 0.5]]
