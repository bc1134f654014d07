"""Known numbers come from the papers that the docstrings of ``textcx.steps.statistics.intervals`` name."""

from __future__ import annotations

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from textcx.steps.statistics.intervals import (
    BALANCE,
    POLARITY,
    SHARE,
    Moments,
    Scale,
    Sums,
    column,
    difference_interval,
    difference_p_value,
    mean_interval,
    moments,
    moments_of_people,
    q_values,
    share_interval,
    share_moments,
    tally,
    together,
)

STARS = Scale(1.0, 5.0, 5)
ANSWERS = {BALANCE: (-1.0, 0.0, 1.0), SHARE: (0.0, 1.0), STARS: (1.0, 2.0, 3.0, 4.0, 5.0)}

scales = st.sampled_from([BALANCE, SHARE, STARS, POLARITY])
rows = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 6)), min_size=2, max_size=40)
"""Where on a scale someone answered, and who it was."""


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def of(
    values: np.ndarray | list[float], people: np.ndarray | list[int] | None = None, **options: np.ndarray
) -> Moments:
    """Moments of a single group."""
    who = None if people is None else np.asarray(people)
    return moments(
        np.zeros(len(values), dtype=np.int64), np.asarray(values, dtype=np.float64), 1, people=who, **options
    )


def on(scale: Scale, answered: list[tuple[float, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Values on a scale, and who gave each."""
    where, people = np.array(answered).T
    answers = ANSWERS.get(scale)
    if answers:
        return np.array(answers)[np.minimum(where * len(answers), len(answers) - 1).astype(int)], people.astype(int)
    return scale.low + where * (scale.high - scale.low), people.astype(int)


def ends(found: Moments, scale: Scale) -> tuple[float, float]:
    low, high = mean_interval(found, scale)
    return float(low[0]), float(high[0])


def width(found: Moments, scale: Scale) -> float:
    low, high = ends(found, scale)
    return high - low


# Shares


def test_a_share_has_the_interval_of_jeffreys() -> None:
    hits, n = floats(1, 5, 9, 81, 15), floats(10, 10, 10, 263, 148)
    low, high = share_interval(hits, n)
    assert low == pytest.approx(scipy.stats.beta.ppf(0.025, hits + 0.5, n - hits + 0.5))
    assert high == pytest.approx(scipy.stats.beta.ppf(0.975, hits + 0.5, n - hits + 0.5))
    assert (low[0], high[0]) == pytest.approx((0.011, 0.381), abs=5e-4)  # Brown, Cai and DasGupta 2001, 1 of 10


def test_the_interval_of_none_begins_at_nothing_and_that_of_all_ends_at_everything() -> None:
    low, high = share_interval(floats(0, 10), floats(10, 10))
    assert (low[0], high[1]) == (0, 1)
    assert (high[0], low[1]) == pytest.approx((0.21719627, 0.78280373))


def test_a_share_may_be_of_fractions() -> None:
    low, high = share_interval(floats(2.5), floats(10))
    assert (low[0], high[0]) == pytest.approx(tuple(scipy.stats.beta.ppf([0.025, 0.975], 3, 8)))


def test_a_share_of_people_is_that_of_their_answers() -> None:
    found = of([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    low, high = share_interval(floats(3), floats(10))
    assert ends(found, SHARE) == pytest.approx((low[0], high[0]))


def test_a_share_worth_fewer_answers_has_a_wider_interval() -> None:
    worth = [share_moments(floats(30), floats(100), effective=floats(n), freedom=floats(99)) for n in (100, 50, 10)]
    widths = [width(found, SHARE) for found in worth]
    assert widths == sorted(widths)
    assert widths[2] > 2.5 * widths[0]


def test_a_share_whose_variance_is_hardly_known_has_a_wider_interval() -> None:
    known = [share_moments(floats(30), floats(100), effective=floats(80), freedom=floats(each)) for each in (60, 3, 1)]
    widths = [width(found, SHARE) for found in known]
    assert widths == sorted(widths)
    assert widths[2] > 2 * widths[0]


# Means


def test_a_mean_of_many_answers_has_nearly_the_interval_of_student() -> None:
    values = np.random.default_rng(1).choice([1.0, 2, 3, 4, 5], 400, p=[0.1, 0.2, 0.3, 0.2, 0.2])
    margin = scipy.stats.t.ppf(0.975, 399) * values.std(ddof=1) / 20
    assert ends(of(values), STARS) == pytest.approx((values.mean() - margin, values.mean() + margin), abs=0.005)


def test_answers_all_alike_still_leave_doubt() -> None:
    low, high = ends(of([5.0] * 4), STARS)
    assert high == 5
    assert 2 < low < 3
    assert ends(of([5.0] * 400), STARS)[0] > 4.9


def test_an_interval_on_a_scale_is_that_on_another_stretched_alike() -> None:
    low, high = ends(of([0.0, 0, 1, -1, 1, 1]), BALANCE)
    stretched = ends(of([0.0, 0, 100, -100, 100, 100]), Scale(-100, 100, 3))
    assert stretched == pytest.approx((100 * low, 100 * high))


def test_one_observation_has_no_interval() -> None:
    one = of([1.0])
    found = [*share_interval(floats(1), floats(1)), *mean_interval(one, STARS), *difference_interval(one, one, SHARE)]
    assert np.isnan(found).all()
    assert np.isnan(difference_p_value(one, of([1.0, 0, 0]), SHARE)).all()


def test_an_empty_group_has_no_value_and_no_interval() -> None:
    found = moments(np.array([1, 1]), floats(2, 4), 3)
    low, high = mean_interval(found, STARS)
    assert found.n.tolist() == [0, 2, 0]
    assert column(found.mean).to_list() == [None, 3, None]
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [True, False, True]


def test_without_any_groups_there_is_nothing() -> None:
    nothing = moments(np.zeros(0, dtype=np.int64), floats(), 0)
    assert together([]).n.size == nothing.n.size == mean_interval(nothing, SHARE).low.size == 0


def test_groups_together_are_those_one_by_one() -> None:
    one, two = of([1.0, 2, 2]), of([5.0, 4, 1, 1], people=[0, 0, 1, 2])
    both = moments(np.repeat([0, 1], (3, 4)), floats(1, 2, 2, 5, 4, 1, 1), 2, people=np.array([0, 1, 2, 3, 3, 4, 5]))
    for alone, beside in zip(together([one, two]), both, strict=True):
        assert alone.tolist() == pytest.approx(beside.tolist())


def test_codes_are_tallied_by_group() -> None:
    assert tally(np.array([2, 0, 2]), 4).tolist() == [1, 0, 2, 0]


@given(scales, rows)
def test_an_interval_holds_its_estimate_and_keeps_to_the_scale(scale: Scale, answered: list[tuple[float, int]]) -> None:
    values, people = on(scale, answered)
    for found in (of(values), of(values, people)):
        low, high = ends(found, scale)
        assert scale.low <= low <= found.mean[0] <= high <= scale.high


@given(scales, rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_never_matters(
    scale: Scale, answered: list[tuple[float, int]], random: np.random.RandomState
) -> None:
    mixed = list(answered)
    random.shuffle(mixed)
    (values, people), (others, whose) = on(scale, answered), on(scale, mixed)
    assert ends(of(values, people), scale) == pytest.approx(ends(of(others, whose), scale), rel=1e-6, abs=1e-9)


# People and weights


def test_ten_copies_of_every_record_by_its_person_are_worth_one_each() -> None:
    values = np.random.default_rng(2).choice([-1.0, 0, 1], 40)
    copied = of(np.tile(values, 10), np.tile(np.arange(40), 10))
    assert copied.n[0] == 400
    assert copied.effective[0] == pytest.approx(40, abs=1.5)
    assert ends(copied, BALANCE) == pytest.approx(ends(of(values), BALANCE), abs=0.02)


def test_records_of_people_who_repeat_themselves_widen_the_interval() -> None:
    values = [1.0] * 20 + [0.0] * 20
    by_ten = np.arange(40) // 4
    assert width(of(values, by_ten), SHARE) > 1.8 * width(of(values), SHARE)


def test_records_of_people_who_say_now_this_now_that_are_worth_no_more_than_their_number() -> None:
    values = [1.0, 0.0] * 20
    found = of(values, np.arange(40) // 2)
    assert found.effective[0] == 40
    assert width(found, SHARE) == pytest.approx(width(of(values), SHARE), abs=0.02)


def test_one_person_alone_says_next_to_nothing() -> None:
    for values in ([1.0, 0.0] * 100, [1.0] * 200):
        low, high = ends(of(values, [7] * 200), SHARE)
        assert low < 0.01
        assert high > 0.99


def test_one_person_who_wrote_half_of_everything_takes_most_of_its_worth() -> None:
    people = [0] * 50 + list(range(1, 51))
    found = of([1.0] * 50 + [0.0] * 40 + [1.0] * 10, people)
    assert found.effective[0] < 5
    assert width(found, SHARE) > 0.7


@given(scales, rows)
def test_people_never_make_an_interval_noticeably_narrower(scale: Scale, answered: list[tuple[float, int]]) -> None:
    values, people = on(scale, answered)
    assert of(values, people).effective[0] <= len(values) + 1e-9
    assert width(of(values, people), scale) >= 0.9 * width(of(values), scale)  # below 1 where both hold nearly all


@given(scales, rows)
def test_weights_of_one_change_nothing(scale: Scale, answered: list[tuple[float, int]]) -> None:
    values, people = on(scale, answered)
    for who in (None, people):
        weighted = of(values, who, weights=np.ones(len(values)))
        assert [each.tolist() for each in weighted] == [each.tolist() for each in of(values, who)]


def test_a_weight_counts_an_answer_so_many_times_in_the_mean_and_not_in_n() -> None:
    found = of([1.0, 5.0], weights=floats(3, 1))
    assert (found.mean[0], found.variance[0], found.n[0]) == (2, 3, 2)


def test_uneven_weights_are_worth_less_than_even_ones() -> None:
    values, uneven = [1.0, 0.0, 0.0, 1.0] * 20, np.tile(floats(1, 1, 9, 9), 20)
    assert of(values, weights=uneven).effective[0] < 60
    assert width(of(values, weights=uneven), SHARE) > 1.1 * width(of(values), SHARE)


def test_sums_of_people_have_the_moments_of_their_answers() -> None:
    values, people = floats(1, 2, 4, 5, 5), np.array([0, 0, 1, 1, 2])
    sums = Sums(floats(2, 2, 1), floats(2, 2, 1), floats(3, 9, 5), floats(5, 41, 25), floats(2, 2, 1))
    for one, other in zip(moments_of_people(np.zeros(3, dtype=np.int64), sums, 1), of(values, people), strict=True):
        assert one.tolist() == pytest.approx(other.tolist())


# Differences


def test_a_difference_is_as_far_off_as_its_two_sides_together() -> None:
    # Zou and Donner 2008 with the ends of Jeffreys', of 56/70 and 48/80
    ones, others = (scipy.stats.beta.ppf([0.025, 0.975], x + 0.5, n - x + 0.5) for x, n in ((56, 70), (48, 80)))
    low, high = difference_interval(share_moments(floats(56), floats(70)), share_moments(floats(48), floats(80)), SHARE)
    assert low[0] == pytest.approx(0.2 - np.hypot(0.8 - ones[0], others[1] - 0.6))
    assert high[0] == pytest.approx(0.2 + np.hypot(ones[1] - 0.8, 0.6 - others[0]))
    assert (low[0], high[0]) == pytest.approx((0.0524, 0.3339), abs=0.005)  # Newcombe 1998, with the ends of Wilson's


def test_a_difference_never_leaves_the_span_of_the_scale() -> None:
    low, high = difference_interval(of([5.0] * 9), of([1.0] * 9), STARS)
    assert high[0] == 4
    assert 2 < low[0] < 4


def test_equal_shares_have_p_value_one_and_distant_ones_a_small_one() -> None:
    n = floats(10, 10, 70)
    p = difference_p_value(
        share_moments(floats(5, 0, 56), n), share_moments(floats(10, 0, 48), floats(20, 10, 80)), SHARE
    )
    assert p[:2].tolist() == [1, 1]
    assert p[2] == pytest.approx(0.0080, abs=0.001)  # z = 2.650, by hand


def test_a_p_value_is_never_zero() -> None:
    p = difference_p_value(of([1.0] * 5000), of([0.0] * 5000), SHARE)
    assert 0 < p[0] <= 1e-11


@given(scales, rows, rows)
def test_a_p_value_is_small_exactly_where_the_interval_leaves_out_zero(
    scale: Scale, one: list[tuple[float, int]], other: list[tuple[float, int]]
) -> None:
    first, second = of(*on(scale, one)), of(*on(scale, other))
    low, high = difference_interval(first, second, scale)
    p = difference_p_value(first, second, scale)[0]
    assert (p <= 0.05) == bool(low[0] > 0 or high[0] < 0)
    assert low[0] <= (first.mean - second.mean)[0] <= high[0]


@given(scales, rows, rows)
def test_a_difference_the_other_way_round_is_its_opposite(
    scale: Scale, one: list[tuple[float, int]], other: list[tuple[float, int]]
) -> None:
    first, second = of(*on(scale, one)), of(*on(scale, other))
    forth, back = difference_interval(first, second, scale), difference_interval(second, first, scale)
    assert (forth.low[0], forth.high[0]) == (-back.high[0], -back.low[0])


# Many at once


def test_benjamini_hochberg_finds_the_four_of_its_1995_example() -> None:
    p = floats(
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590,
        1.0,
    )  # fmt: skip
    assert (q_values(p) <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert q_values(p)[:2] == pytest.approx([0.0015, 0.0030])


def test_a_p_value_that_is_not_there_is_no_test() -> None:
    assert column(q_values(floats(0.02, np.nan, 0.04))).to_list() == pytest.approx([0.04, None, 0.04])
    assert q_values(floats()).size == 0


@given(st.lists(st.floats(0, 1), max_size=30))
def test_q_values_keep_the_order_of_p_values_and_never_fall_below_them(values: list[float]) -> None:
    p = floats(*values)
    q = q_values(p)
    order = np.argsort(p, kind="stable")
    assert (np.diff(q[order]) >= 0).all()
    assert ((q >= p) & (q <= 1)).all()


def test_a_column_has_null_for_what_is_not_known_and_no_negative_zero() -> None:
    found = column(floats(-0.0, np.nan, 1.5))
    assert str(found.to_list()) == "[0.0, None, 1.5]"
