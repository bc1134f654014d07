from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textcx.domain.encoding import MeasuredErrors
from textcx.steps.statistics.intervals import share_interval, share_moments
from textcx.steps.statistics.misclassification import FEWEST_OF_SOURCE, nearest, true_share_interval


def measured(sensitivity: float, specificity: float, *, n: int = 1000, **about: str) -> MeasuredErrors:
    found, cleared = round(n * sensitivity), round(n * specificity)
    return MeasuredErrors(
        **{"decision": "pain", "texts": "gloves", "source": "review", **about},
        n_with=n, found=found, n_without=n, cleared=cleared,
    )  # fmt: skip


def interval(hits: float, n: float, *errors: MeasuredErrors) -> tuple[float, float]:
    low, high = true_share_interval(
        share_moments(np.array([hits], dtype=np.float64), np.array([n], dtype=np.float64)), errors
    )
    return float(low[0]), float(high[0])


SETS = (measured(0.6, 0.95), measured(0.7, 0.97), measured(0.8, 0.94), measured(0.65, 0.96))


def test_a_share_that_the_model_half_misses_is_held_although_sampling_says_otherwise() -> None:
    shown = 0.2 * 0.65 + 0.8 * 0.04
    low, high = interval(5000 * shown, 5000, *SETS)
    assert low < 0.2 < high
    assert share_interval(np.array([5000 * shown]), np.array([5000.0])).high[0] < 0.2


def test_a_model_without_errors_leaves_little_more_open_than_sampling() -> None:
    perfect = [measured(1.0, 1.0, n=100_000) for _ in range(4)]
    sampling = share_interval(np.array([200.0]), np.array([1000.0]))
    assert interval(200, 1000, *perfect) == pytest.approx((sampling.low[0], sampling.high[0]), abs=0.002)


def test_what_a_model_that_counts_little_wrongly_has_counted_is_there_however_much_it_misses() -> None:
    misses = [measured(sensitivity, 0.97) for sensitivity in (0.3, 0.5, 0.7, 0.9)]
    low, high = interval(2000, 5000, *misses)
    assert 0.35 < low < 0.4
    assert high == 1


def test_sets_that_differ_more_leave_more_open() -> None:
    alike = [measured(0.7, 0.95) for _ in range(4)]
    (low, high), (alike_low, alike_high) = interval(300, 1000, *SETS), interval(300, 1000, *alike)
    assert high - low > alike_high - alike_low


def test_the_interval_is_that_of_a_worked_example() -> None:
    # 20.115 % shown, adjusted; corrected 31.13 and 24.12 %, nine times each. Between sets 2.1199 * 0.03706, of chance
    # 1.96 * 0.01917: 27.63 +- 8.71 %, of which the lower end lies above that of sampling, 17.61 %.
    pair = (measured(0.6, 0.98), measured(0.8, 0.99))
    assert interval(200, 1000, *(pair * 9)) == pytest.approx((0.1761, 0.3633), abs=0.0002)


@given(
    hits=st.floats(0, 1),
    n=st.floats(2, 10_000),
    rates=st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)), min_size=1, max_size=8),
)
def test_an_interval_lies_in_0_to_1_holds_that_of_sampling_and_asks_no_order(
    hits: float, n: float, rates: list[tuple[float, float]]
) -> None:
    errors = [measured(*pair) for pair in rates]
    low, high = interval(hits * n, n, *errors)
    sampling = share_interval(np.array([hits * n]), np.array([n]))
    assert 0 <= low <= sampling.low[0] <= sampling.high[0] <= high <= 1
    assert interval(hits * n, n, *reversed(errors)) == pytest.approx((low, high), abs=1e-9)


def test_a_set_on_which_the_model_guesses_leaves_everything_open() -> None:
    assert interval(300, 1000, *SETS, measured(0.3, 0.6)) == (0.0, 1.0)


def test_one_or_two_sets_say_nothing_of_how_sets_differ() -> None:
    assert interval(300, 1000, SETS[0]) == interval(300, 1000, *SETS[:2]) == (0.0, 1.0)
    assert interval(300, 1000, *SETS) != (0.0, 1.0)


def test_nothing_is_known_where_nothing_was_measured_or_nobody_answered() -> None:
    assert np.isnan(interval(300, 1000)).all()
    assert np.isnan(interval(0, 0, *SETS)).all()


def test_groups_are_judged_each_for_itself() -> None:
    hits, n = np.array([3.0, 40.0]), np.array([10.0, 90.0])
    low, high = true_share_interval(share_moments(hits, n), SETS)
    each = [interval(*pair, *SETS) for pair in zip(hits, n, strict=True)]
    assert pytest.approx(np.array(each)) == np.array([low, high]).T


def test_sets_of_the_one_source_of_the_records_are_asked_if_there_are_enough() -> None:
    like = [measured(0.7, 0.9, source="survey") for _ in range(FEWEST_OF_SOURCE)]
    errors = [*like, measured(0.5, 0.9), measured(0.5, 0.9, decision="negative")]
    assert nearest(errors, "pain", sources={"survey"}) == like
    assert nearest(errors[1:], "pain", sources={"survey"}) == errors[1:-1]
    assert nearest(errors, "pain", sources={"survey", "review"}) == nearest(errors, "pain", sources=()) == errors[:-1]
