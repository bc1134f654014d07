"""What is shipped of a branch, and the curve of nearness that judged pairs give."""

from __future__ import annotations

import numpy as np
import torch
from fakes import FakeEncoder
from small_model import small_network

from textcx.domain.matters import Nearness
from textcx.training.branch.labels import JudgedTexts
from textcx.training.branch.network import Branch
from textcx.training.branch.run import calibrate_matters, shipped


def test_what_is_shipped_are_the_weights_that_the_network_asks_for() -> None:
    network = small_network(layers=2, matter_layers=1)
    found = shipped(dict(Branch(small_network(layers=2, matter_layers=0), layers=1).state_dict()))
    heads = ("matter", "aspect", "opinion")
    wanted = {name: value for name, value in network.state_dict().items() if name.startswith(heads)}
    assert {name: value.shape for name, value in found.items()} == {n: value.shape for n, value in wanted.items()}
    assert all(value.dtype == torch.float32 for value in found.values())


def test_the_curve_tells_what_is_covered_from_what_is_not() -> None:
    remarks = ("the parcel was late", "late parcel again", "cold soup", "late waiter, rude too", "my parcel is late")
    pairs = [JudgedTexts("Late parcel", remarks, (True, True, False, False, True), held_out=True)]
    curve = calibrate_matters(FakeEncoder(), pairs)  # type: ignore[arg-type]
    assert set(curve) == {"near_slope", "near_shift", "covers_by_vector", "covers_by_words", "covers_shift"}
    likely = Nearness(curve["near_slope"], curve["near_shift"])(np.array([0.0, 0.3, 0.9, 1.0], np.float32))
    assert (np.diff(likely) > 0).all()
    assert likely[1] < 0.5 < likely[2]


def test_pairs_with_a_remark_that_is_no_pain_do_not_move_the_curve() -> None:
    remarks = ("the parcel was late", "late parcel again", "cold soup", "late waiter, rude too", "my parcel is late")
    pains = JudgedTexts("Late parcel", remarks, (True, True, False, False, True), held_out=True)
    praise = JudgedTexts("Late parcel", ("parcel in time", "a lovely parcel"), (False, False), held_out=True)
    encoder = FakeEncoder()
    assert calibrate_matters(encoder, [pains, praise]) == calibrate_matters(encoder, [pains])  # type: ignore[arg-type]
