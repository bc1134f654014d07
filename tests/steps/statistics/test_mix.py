from __future__ import annotations

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from textcx.steps.statistics.mix import Decomposition, decompose


def split(*cells: tuple[int, int, list[float]], each: int = 1) -> Decomposition:
    """Decompose the values of (later, group, values); every ``each`` values in a row are by one respondent."""
    values = np.array([value for _, _, some in cells for value in some])
    later, groups = (np.repeat([cell[i] for cell in cells], [len(cell[2]) for cell in cells]) for i in (0, 1))
    return decompose(values, groups, later=later, respondents=np.arange(values.size) // each)


def swing(mean: float, n: int) -> list[float]:
    """``n`` values around a mean, half of them one above and half one below."""
    return [mean + (1 if i % 2 else -1) for i in range(n)]


def test_where_only_the_mix_moves_the_part_within_is_zero_and_the_mix_is_all() -> None:
    found = split((0, 0, swing(2, 10)), (0, 1, swing(4, 90)), (1, 0, swing(2, 50)), (1, 1, swing(4, 50)))
    assert (found.earlier, found.later) == pytest.approx((3.8, 3.0))
    assert (found.change.value, found.mix.value) == pytest.approx((-0.8, -0.8))
    assert found.within.value == pytest.approx(0, abs=1e-12)
    assert found.mix.high < 0
    assert found.within.low < 0 < found.within.high


def test_where_only_the_groups_change_the_mix_part_is_zero() -> None:
    found = split((0, 0, swing(2, 20)), (0, 1, swing(4, 60)), (1, 0, swing(3, 20)), (1, 1, swing(5, 60)))
    assert (found.within.value, found.mix.value) == pytest.approx((1, 0), abs=1e-12)
    assert found.within.clear
    assert not found.mix.clear


def test_both_parts_are_those_of_kitagawa_by_hand() -> None:
    found = split((0, 0, swing(2, 20)), (0, 1, swing(4, 60)), (1, 0, swing(3, 60)), (1, 1, swing(4, 20)))
    assert found.within.value == pytest.approx((0.25 + 0.75) / 2 * (3 - 2))
    assert found.mix.value == pytest.approx((0.75 - 0.25) * 2.5 + (0.25 - 0.75) * 4)


def test_a_group_of_one_side_only_is_mix_altogether() -> None:
    found = split((0, 0, swing(4, 40)), (1, 0, swing(4, 20)), (1, 1, swing(1, 20)))
    assert (found.mix.value, found.within.value) == pytest.approx((-1.5, 0), abs=1e-12)
    assert found.compared == pytest.approx(0.5)


def test_a_group_with_one_respondent_on_a_side_cannot_be_compared_with_itself() -> None:
    found = split((0, 0, swing(4, 40)), (0, 1, swing(2, 4)), (1, 0, swing(4, 20)), (1, 1, swing(5, 20)), each=4)
    assert found.within.value == pytest.approx(0, abs=1e-12)
    assert found.compared == pytest.approx(0.5)


def test_all_may_rise_while_every_group_falls_and_the_sign_is_said_to_turn() -> None:
    found = split((0, 0, swing(2, 90)), (0, 1, swing(5, 10)), (1, 0, swing(1, 10)), (1, 1, swing(4, 90)))
    assert found.change.low > 0
    assert found.within.high < 0
    assert found.turns


def test_a_sign_that_chance_could_turn_is_not_said_to_turn() -> None:
    found = split((0, 0, swing(2, 18)), (0, 1, swing(3, 2)), (1, 0, swing(1.8, 2)), (1, 1, swing(2.8, 18)))
    assert found.change.value > 0 > found.within.value
    assert not found.turns


def test_with_one_group_all_is_within_and_has_the_interval_of_welch() -> None:
    early, late = [1.0, 2, 4, 4, 5, 3], [4.0, 5, 5, 3, 5]
    found = split((0, 0, early), (1, 0, late))
    welch = scipy.stats.ttest_ind(late, early, equal_var=False)
    assert found.change[1:] == pytest.approx((*welch.confidence_interval(), welch.pvalue))
    assert found.within == pytest.approx(found.change)


def test_records_of_one_respondent_widen_the_interval() -> None:
    cells = [(s, g, [2.0 + i // 4 % 2 for i in range(40)]) for s in (0, 1) for g in (0, 1)]
    alone, together = split(*cells), split(*cells, each=4)
    assert together.within.high - together.within.low > 1.5 * (alone.within.high - alone.within.low)


def test_where_nothing_spreads_or_one_person_wrote_a_side_no_interval_is_known() -> None:
    same = split((0, 0, [3.0] * 9), (1, 0, [3.0] * 9), (1, 1, [3.0] * 9))
    alone = split((0, 0, [3.0, 4, 5, 2]), (1, 0, [3.0, 4, 5, 2, 1, 1, 1, 2]), each=4)
    for found in (same, alone):
        assert np.isnan([found.change.low, found.mix.high, found.within.p_value]).all()
        assert not found.turns


records = st.lists(
    st.tuples(st.floats(-5, 5), st.integers(0, 3), st.integers(0, 1), st.integers(0, 9)), min_size=8, max_size=40
).filter(lambda rows: len({row[2] for row in rows}) == 2)


@settings(deadline=None)
@given(records, st.randoms(use_true_random=False))
def test_the_parts_add_up_and_the_order_never_matters(rows: list[tuple[float, int, int, int]], random: object) -> None:
    def of(some: list[tuple[float, int, int, int]]) -> Decomposition:
        values, groups, later, people = (np.array(each) for each in zip(*some, strict=True))
        return decompose(values, groups, later=later, respondents=people)

    found = of(rows)
    assert found.mix.value + found.within.value == pytest.approx(found.change.value, abs=1e-12)
    assert found.change.value == pytest.approx(found.later - found.earlier, abs=1e-12)
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    again = of(mixed)
    for one, two in ((found.change, again.change), (found.within, again.within)):
        assert one.value == pytest.approx(two.value, abs=1e-9)
