"""Every measure against a hand count, a resampling or a simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from textcx.steps.statistics.classification import (
    auc_margin_interval,
    brier,
    calibration_error,
    calibration_noise,
    class_f1,
    corrected_calibration_error,
    macro_f1,
    macro_f1_interval,
    macro_recall,
    reliability,
    risk_at_coverage,
    roc_auc,
)

TRUTH, GUESS = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])


def test_macro_f1_and_macro_recall_agree_with_hand_counts() -> None:
    assert macro_f1(TRUTH, GUESS) == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert macro_recall(TRUTH, GUESS) == pytest.approx((0.5 + 1 + 1) / 3)


def test_a_class_that_is_true_of_no_text_counts_in_no_mean_but_taking_it_for_true_costs() -> None:
    truth, guess = np.array([0, 0, 2, 2]), np.array([0, 1, 2, 2])
    assert macro_f1(truth, guess) == pytest.approx((2 / 3 + 1) / 2)
    assert macro_recall(truth, guess) == pytest.approx((0.5 + 1) / 2)
    assert math.isnan(class_f1(confusion_matrix(truth, guess, labels=range(3)))[1])


def test_no_text_at_all_measures_zero() -> None:
    nothing = np.array([], dtype=np.int64)
    assert macro_f1(nothing, nothing) == macro_recall(nothing, nothing) == 0.0
    assert risk_at_coverage(np.array([]), np.array([], dtype=bool)) == 0.0


def test_weighted_macro_f1_is_that_of_repeated_texts() -> None:
    weights = np.array([3.0, 1.0, 2.0, 1.0])
    again = np.repeat(np.arange(4), weights.astype(int))
    assert macro_f1(TRUTH, GUESS, weights=weights) == pytest.approx(macro_f1(TRUTH[again], GUESS[again]))


def test_the_interval_of_macro_f1_holds_it_and_narrows_with_more_texts() -> None:
    few, many = (macro_f1_interval(np.tile(TRUTH, times), np.tile(GUESS, times)) for times in (10, 1_000))
    assert few[0] < many[0] < macro_f1(TRUTH, GUESS) < many[1] < few[1]
    assert macro_f1_interval(TRUTH, GUESS) == macro_f1_interval(TRUTH, GUESS)


def test_auc_counts_ties_half_and_is_unknown_for_one_kind_alone() -> None:
    assert roc_auc(np.array([True, False, True]), np.array([0.9, 0.5, 0.5])) == pytest.approx(0.75)
    assert math.isnan(roc_auc(np.array([True]), np.array([0.9])))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=40))
def test_auc_is_the_share_of_pairs_in_the_right_order(found: list[tuple[bool, int]]) -> None:
    truth, chance = (np.array(side) for side in zip(*found, strict=True))
    wins = [float(up > down) + 0.5 * float(up == down) for up in chance[truth] for down in chance[~truth]]
    if wins:
        assert roc_auc(truth, chance / 5) == pytest.approx(np.mean(wins))


def test_the_margin_of_an_auc_has_the_interval_that_resampling_gives() -> None:
    draw = np.random.default_rng(3)
    truth = draw.random(400) < 0.4
    one, other = truth + draw.normal(0, 1.0, 400), truth + draw.normal(0, 1.6, 400)
    low, high = auc_margin_interval(truth, one, other)
    margins = []
    for _ in range(1_000):
        at = draw.integers(0, 400, 400)
        margins.append(roc_auc(truth[at], one[at]) - roc_auc(truth[at], other[at]))
    assert (low, high) == pytest.approx(np.percentile(margins, [2.5, 97.5]), abs=0.012)
    assert auc_margin_interval(truth, one, one) == (0.0, 0.0)
    assert all(math.isnan(end) for end in auc_margin_interval(np.array([True, False]), np.ones(2), np.ones(2)))


def test_calibration_error_of_two_bins_agrees_with_a_hand_count() -> None:
    sure = np.array([0.8, 0.8, 0.95, 0.95])
    right = np.array([True, False, True, True])
    assert calibration_error(np.array([0.8, 0.8]), np.array([True, False])) == pytest.approx(0.3)
    assert calibration_error(sure, right) == pytest.approx(0.5 * 0.3 + 0.5 * 0.05)
    weighted = calibration_error(sure, right, weights=np.array([1.0, 1.0, 2.0, 4.0]))
    assert weighted == pytest.approx(0.25 * 0.3 + 0.75 * 0.05)


def test_a_confidence_on_the_edge_of_a_bin_belongs_to_the_bin_above_and_certainty_to_the_last() -> None:
    found = reliability(np.array([0.6, 0.61, 1.0], dtype=np.float32), np.array([True, True, True]))
    assert [(one.low, one.high, one.texts) for one in found] == [
        (pytest.approx(9 / 15), pytest.approx(10 / 15), 2),
        (pytest.approx(14 / 15), 1.0, 1),
    ]
    assert sum(one.share for one in found) == pytest.approx(1.0)


def test_the_corrected_calibration_error_is_what_drawing_noise_gives_on_average() -> None:
    sure = np.repeat([0.55, 0.72, 0.9], [40, 60, 100])
    right = np.concatenate([np.arange(40) < 20, np.arange(60) < 45, np.arange(100) < 93])
    draw = np.random.default_rng(5)
    bins = reliability(sure, right)
    drawn = np.zeros(200_000)
    for one in bins:
        noise = math.sqrt(one.right * (1 - one.right) / one.texts)
        drawn += one.share * np.abs(draw.normal(one.right, noise, len(drawn)) - one.confidence)
    plain = calibration_error(sure, right)
    assert corrected_calibration_error(sure, right) == pytest.approx(max(0.0, 2 * plain - drawn.mean()), abs=1e-3)


def test_the_correction_takes_most_of_the_bias_off_where_calibration_is_perfect_and_little_where_it_is_poor() -> None:
    draw = np.random.default_rng(7)
    plain, corrected, poor = [], [], []
    for _ in range(200):
        sure = draw.uniform(0.4, 1.0, 300)
        right = draw.random(300) < sure
        plain.append(calibration_error(sure, right))
        corrected.append(corrected_calibration_error(sure, right))
        sure = draw.uniform(0.4, 0.8, 300)
        poor.append(corrected_calibration_error(sure + 0.2, draw.random(300) < sure - 0.1))
    assert np.mean(plain) == pytest.approx(0.06, abs=0.02)
    assert np.mean(corrected) < 0.65 * np.mean(plain)
    assert np.mean(poor) == pytest.approx(0.3, abs=0.03)


def test_the_noise_of_calibration_is_what_perfect_probabilities_show_by_chance() -> None:
    draw = np.random.default_rng(11)
    sure = draw.uniform(0.4, 1.0, 500)
    shown = [calibration_error(sure, draw.random(500) < sure) for _ in range(300)]
    assert calibration_noise(sure) == pytest.approx(np.mean(shown), rel=0.08)


def test_more_texts_of_the_same_kind_leave_less_to_correct() -> None:
    sure, right = np.array([0.8] * 10), np.arange(10) < 6
    few, many = (corrected_calibration_error(np.tile(sure, times), np.tile(right, times)) for times in (1, 1_000))
    assert few < many == pytest.approx(0.2, abs=1e-3)


def test_brier_sums_over_the_classes() -> None:
    chances = np.array([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0]])
    assert brier(chances, np.array([0, 0])) == pytest.approx(((0.09 + 0.04 + 0.01) + (1.0 + 1.0)) / 2)
    assert brier(np.eye(3), np.arange(3)) == 0.0


def test_risk_at_coverage_counts_errors_among_the_surest() -> None:
    sure = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    right = np.array([True, False, True, True, False])
    assert risk_at_coverage(sure, right) == pytest.approx(1 / 4)
    assert risk_at_coverage(sure, right, coverage=0.4) == pytest.approx(1 / 2)
    assert risk_at_coverage(sure, right, coverage=1.0) == pytest.approx(2 / 5)


def test_texts_of_equal_confidence_at_the_border_count_with_their_mean() -> None:
    sure = np.array([0.9, 0.6, 0.6, 0.6, 0.6])
    right = np.array([True, True, False, False, False])
    assert risk_at_coverage(sure, right) == pytest.approx(3 * 0.75 / 4)
    assert risk_at_coverage(sure, right[[0, 4, 3, 2, 1]]) == risk_at_coverage(sure, right)


@settings(deadline=None, max_examples=50)
@given(st.permutations(range(8)))
def test_the_order_of_the_texts_never_matters(order: list[int]) -> None:
    sure = np.array([0.4, 0.5, 0.5, 0.6, 0.9, 0.9, 0.35, 0.7])
    right = np.array([True, False, True, True, True, False, False, True])
    at = np.array(order)
    for measure in (calibration_error, corrected_calibration_error, risk_at_coverage):
        assert measure(sure[at], right[at]) == pytest.approx(measure(sure, right))
