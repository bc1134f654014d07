from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textcx.steps.themes.geometry.lattice import STEPS, cosines, mean_of, on_lattice, relative_to


def some(total: int, *, width: int = 384, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(total, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(0, 10), st.sampled_from([2, 32, 384, 1024]))
def test_products_are_exact_whatever_the_order_of_adding(seed: int, width: int) -> None:
    left, right = on_lattice(some(6, width=width, seed=seed)), on_lattice(some(5, width=width, seed=seed + 50))
    shuffled = np.random.default_rng(seed).permutation(width)

    exact = left.astype(np.int64) @ right.astype(np.int64).T

    assert (left @ right.T == exact).all()
    assert (left[:, shuffled] @ right[:, shuffled].T == exact).all()


def test_a_product_of_equals_still_fits() -> None:
    one = on_lattice(np.full((1, 1024), 1 / 32, dtype=np.float32))

    assert float((one @ one.T)[0, 0]) < 2**24


def test_rounding_moves_a_cosine_by_less_than_a_thousandth() -> None:
    vectors = some(200)

    assert np.abs(cosines(on_lattice(vectors), on_lattice(vectors)) - vectors @ vectors.T).max() < 1e-3


@given(st.integers(0, 20))
def test_the_mean_does_not_depend_on_the_order(seed: int) -> None:
    lattice = on_lattice(some(300, seed=seed))

    assert (mean_of(lattice) == mean_of(lattice[::-1])).all()


def test_directions_are_unit_vectors_seen_from_the_origin() -> None:
    lattice = on_lattice(some(50, width=8) + np.float32(1.0))
    lattice = on_lattice((lattice / np.linalg.norm(lattice, axis=1, keepdims=True)).astype(np.float32))

    relative = relative_to(mean_of(lattice), lattice)

    assert np.abs(np.linalg.norm(relative, axis=1) / STEPS - 1).max() < 1e-3
    assert np.abs(relative.mean(axis=0)).max() < STEPS / 2


def test_a_vector_that_is_the_origin_has_no_direction() -> None:
    lattice = on_lattice(some(1))

    assert not relative_to(lattice[0], lattice).any()
