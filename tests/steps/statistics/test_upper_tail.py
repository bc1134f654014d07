"""How probable a count is, or more, where its share varies more or less than chance would have it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from textcx.steps.statistics.dispersion import upper_tail

COUNTS = np.arange(140.0)
OF = 300


def tail(share: float, dispersion: float) -> np.ndarray:
    of, shares, dispersions = (np.full(COUNTS.size, float(each)) for each in (OF, share, dispersion))
    return upper_tail(COUNTS, of, shares, dispersion=dispersions)


@pytest.mark.parametrize("share", [0.01, 0.06, 0.2])
def test_without_dispersion_the_tail_lies_between_that_with_the_count_and_that_beyond_it(share: float) -> None:
    found, law = tail(share, 1), scipy.stats.binom(OF, share)
    assert (found <= law.sf(COUNTS - 1) * 1.001 + 1e-9).all()
    assert (found >= law.sf(COUNTS) * 0.999 - 1e-9).all()


@pytest.mark.parametrize("share", [0.01, 0.06, 0.2])
@pytest.mark.parametrize("dispersion", [1.5, 3.0])
def test_with_dispersion_it_is_that_of_beta_binomial_counts_to_within_a_fifth(share: float, dispersion: float) -> None:
    worth = (OF - 1) / (dispersion - 1) - 1
    law = scipy.stats.betabinom(OF, share * worth, (1 - share) * worth)
    above, beyond = law.sf(COUNTS - 1), law.sf(COUNTS)
    rare = (above < 0.2) & (beyond > 1e-4)
    assert rare.sum() >= 5
    found = tail(share, dispersion)[rare]
    assert (found <= above[rare] * 1.2).all()
    assert (found >= beyond[rare] / 1.2).all()


@pytest.mark.parametrize("share", [0.002, 0.1, 0.5, 0.95])
def test_the_tail_falls_as_the_count_grows_and_stays_between_0_and_1(share: float) -> None:
    for dispersion in (0.5, 1.0, 1 / (1 - share), 2.0, 30.0):
        found = tail(share, dispersion)
        assert ((found >= 0) & (found <= 1)).all()
        assert (np.diff(found) <= 1e-12).all()
