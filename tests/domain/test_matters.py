import numpy as np

from textcx.domain.matters import Nearness


def test_what_is_nearer_is_likelier_covered_and_always_a_probability() -> None:
    likely = Nearness()(np.linspace(-1, 1, 21, dtype=np.float32))
    assert (np.diff(likely) > 0).all()
    assert 0 <= likely.min() < 0.01
    assert 0.99 < likely.max() <= 1


def test_the_curve_is_even_where_slope_and_shift_cancel_out() -> None:
    even = Nearness(slope=10.0, shift=-5.0)(np.array([[0.5]], dtype=np.float32))
    assert even.tolist() == [[0.5]]
    assert even.dtype == np.float32
