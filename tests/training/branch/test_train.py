"""A few steps of training the branch: losses are numbers, weights move, and a run can be taken up again."""

from __future__ import annotations

import json
import logging
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from small_model import small_network

from textcx.runs.progress import StageClock
from textcx.training.branch.examples import BranchCorpus, Judged, MatterPieces, Piece, Titled
from textcx.training.branch.train import WEIGHTS, BranchPlan, BranchTraining

if TYPE_CHECKING:
    from pathlib import Path

CHANCE = np.random.default_rng(5)
STEPS = 4


def ids(size: int = 6) -> list[int]:
    return CHANCE.integers(2000, 9000, size).tolist()


def piece(code: str = "n", *, opinions: bool = True) -> Piece:
    tags = np.array([0, 1, 2, 0, 1, 0])
    return Piece(ids(), tags, tags[::-1].copy() if opinions else None, code, () if opinions else ((1, 3, 0), (4, 5, 2)))


def trade() -> tuple[tuple[MatterPieces, ...], tuple[Piece, ...]]:
    matters = [
        MatterPieces(number // 2, f"Matter {number}", (piece(), piece("nw"), piece("pr")), (ids(3), ids(2), ids(9)))
        for number in range(3)
    ]
    return tuple(matters), (piece("0"), piece())


CORPUS = BranchCorpus(
    trades=[trade() for _ in range(4)],
    titled={"cfpb": [Titled(piece(), f"Title {n % 3}", f"Name {n % 2}") for n in range(6)]},
    called={name: ids(3) for name in ("Title 0", "Title 1", "Title 2", "Name 0", "Name 1", "Bills", "Cards")},
    people={"banking77": {"Bills": [ids(), ids(), ids()], "Cards": [ids(), ids(), ids()]}},
    aspects=[piece("", opinions=False) for _ in range(4)],
    judged=[Judged(ids(3), (ids(), ids(), ids()), (True, False, True)) for _ in range(4)],
    records=[[ids(), ids(4)], [ids()], [ids(3), ids(), ids()]],
)


class Interrupted(StageClock):
    """Stops a run in the middle of its third step, before that is kept."""

    def advance(self, name: str, amount: int) -> None:
        super().advance(name, amount)
        self.steps = getattr(self, "steps", 0) + amount
        if self.steps == STEPS - 1:
            raise KeyboardInterrupt


def training(work: Path, progress: StageClock) -> BranchTraining:
    plan = BranchPlan(layers=1, epochs=2, checkpoints=STEPS)
    network, origin = (small_network(layers=2, matter_layers=0, seed=seed) for seed in (5, 6))
    return BranchTraining(network, CORPUS, origin=origin, work=work, plan=plan, progress=progress, edges=(101, 102))


def test_steps_have_losses_and_move_the_weights_that_are_shipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = training(tmp_path, StageClock())
    before = {name: value.clone() for name, value in run.mean.items()}
    with caplog.at_level(logging.INFO, logger="textcx.training.branch.train"):
        after = load_file(run.run())
    told = (record.getMessage() for record in caplog.records)
    said = [json.loads(each.removeprefix("matters: ")) for each in told if each.startswith("matters: ")]
    assert [one["step"] for one in said] == [1, 2, 3, 4]
    for one in said:
        assert set(WEIGHTS) <= set(one["losses"])
        assert all(math.isfinite(loss) for loss in one["losses"].values())
    assert set(after) == set(before)
    assert all(value.isfinite().all() for value in after.values())
    for name in ("layers.0.expand.weight", "matter.weight", "aspect.weight", "opinion.weight", "near"):
        assert not torch.equal(after[name], before[name])


def test_a_run_that_is_taken_up_again_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole = load_file(training(tmp_path / "whole", StageClock()).run())
    with pytest.raises(KeyboardInterrupt):
        training(tmp_path / "parts", Interrupted()).run()
    rest = load_file(training(tmp_path / "parts", StageClock()).run(resume=True))
    torch.testing.assert_close(rest, whole, rtol=0, atol=1e-6)
