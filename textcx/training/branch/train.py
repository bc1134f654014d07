"""Train the branch of matters on top of a trained encoder, whose own layers and heads stay as they are.

Every step takes two trades. A remark is drawn to the others of its matter and away from those of other matters
(supervised contrastive learning; Khosla and others, 2020), and so, more weakly, to its theme; it is matched with the
title, name or description of its matter among all in the step; open texts with theirs; groups that people made, with
their labels. Titles of two trades that say nearly the same are not held against each other. The cosines among broad
open texts are held near those of the network as published, so that what nobody labelled keeps its place.

Judged pairs of title and remark teach nearness: vectors lie near one another where the title covers the remark. Tags of
tokens learn aspects and opinions. Auxiliary heads learn what the encoder's own heads say of each segment alone; they
only keep the states rich, and are not shipped.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from textcx.training.batches import read
from textcx.training.branch.drawing import draw_step
from textcx.training.branch.losses import matter_losses, near_losses, open_losses, tag_losses, taught_losses
from textcx.training.branch.network import Branch, read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from textcx.engines.encoder.network import EncoderNetwork
    from textcx.ports import ProgressReporter
    from textcx.training.branch.examples import BranchCorpus

_log = logging.getLogger(__name__)

WEIGHTS = {
    "theme": 0.3,
    "open": 0.5,
    "near": 3.0,
    "cover": 3.0,
    "people": 0.5,
    "polarity": 0.5,
    "geometry": 8.0,
    "taught": 2.0,
    "coded": 0.3,
}
"""Weights of the losses that do not count once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchPlan:
    """Settings of the run: layers of the branch, passes over the trades, learning rates."""

    seed: int = 0
    layers: int = 3
    epochs: int = 8
    rate: float = 2.5e-4
    head_factor: float = 4.0
    warm_up: float = 0.06
    decay: float = 0.01
    mean_decay: float = 0.99
    checkpoints: int = 8


class BranchTraining:
    """A run over one corpus, from the start or from its last checkpoint."""

    def __init__(
        self,
        network: EncoderNetwork,
        corpus: BranchCorpus,
        *,
        origin: EncoderNetwork,
        work: Path,
        plan: BranchPlan,
        progress: ProgressReporter,
        edges: tuple[int, int],
    ) -> None:
        """Read the records with both networks: ``origin`` is the one as published, whose geometry open texts keep.

        ``edges`` are the ids of the tokens that open and close a row.
        """
        work.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(plan.seed)
        self.plan, self.work, self.progress, self.corpus, self.edges = plan, work, progress, corpus, edges
        self.network = network.bfloat16().eval()
        self.branch = Branch(network, layers=plan.layers).bfloat16()
        self.masters = {name: each.detach().float().requires_grad_() for name, each in self.branch.named_parameters()}
        self.mean = {name: master.detach().clone() for name, master in self.masters.items()}
        backbone = [master for name, master in self.masters.items() if name.startswith(("layers", "matter"))]
        heads = [master for name, master in self.masters.items() if not name.startswith(("layers", "matter"))]
        groups = [
            {"params": backbone, "highest": plan.rate},
            {"params": heads, "highest": plan.rate * plan.head_factor},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=plan.rate, weight_decay=plan.decay, fused=True)
        origin.bfloat16().eval()
        self.taught = self._taught(origin)
        self.title_vectors = self._title_vectors(origin)

    def run(self, *, resume: bool = False) -> Path:
        """Train, and return the file with the running mean of the weights."""
        plan = self.plan
        each = len(self.corpus.trades) // 2
        total = plan.epochs * each
        every = max(1, total // plan.checkpoints)
        done = self._resume() if resume else 0
        self.branch.train()
        with self.progress.stage("matters"):
            self.progress.expect("matters", total)
            self.progress.advance("matters", done)
            sums: Counter[str] = Counter()
            for step in range(done, total):
                order = np.random.default_rng((plan.seed, step // each)).permutation(len(self.corpus.trades))
                pair = order[2 * (step % each) : 2 * (step % each) + 2]
                sums.update(self._step(step, total, pair.tolist()))
                self.progress.advance("matters", 1)
                if (step + 1) % every == 0 or step + 1 == total:
                    means = {name: round(value / every, 4) for name, value in sums.items()}
                    _log.info("matters: %s", json.dumps({"step": step + 1, "of": total, "losses": means}))
                    sums.clear()
                    self._checkpoint(step + 1)
        return self.work / "branch.safetensors"

    def _step(self, step: int, total: int, pair: Sequence[int]) -> dict[str, float]:
        plan = self.plan
        losses = self._losses(np.random.default_rng((plan.seed, 1, step)), pair)
        warm = min(1.0, (step + 1) / (total * plan.warm_up + 1))
        cooled = max(0.02, 0.5 * (1 + math.cos(math.pi * step / total)))
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * warm * cooled
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        parameters = dict(self.branch.named_parameters())
        for name, master in self.masters.items():
            grad = parameters[name].grad
            master.grad = None if grad is None else grad.float()
            parameters[name].grad = None
        torch.nn.utils.clip_grad_norm_(list(self.masters.values()), 1.0)
        self.optimizer.step()
        decay = min(plan.mean_decay, (2 + step) / (11 + step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.mean.values()), list(self.masters.values()), 1 - decay)
            for name, master in self.masters.items():
                parameters[name].copy_(master)
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _losses(self, chance: np.random.Generator, pair: Sequence[int]) -> dict[str, Tensor]:
        """Losses of a step, by name, each with its weight."""
        step = draw_step(chance, self.corpus, pair)
        reading = read_rows(self.branch, self.network, step.rows, edges=self.edges)
        losses = (
            matter_losses(step, reading, self.title_vectors)
            | open_losses(step, reading)
            | near_losses(self.branch, step, reading)
            | tag_losses(self.branch, step, reading)
            | taught_losses(self.branch, step, reading, self.taught)
        )
        return {name: WEIGHTS.get(name, 1.0) * loss for name, loss in losses.items()}

    def _taught(self, origin: EncoderNetwork) -> list[tuple[Tensor, ...]]:
        """What is said of the segments of each record: the origin's vectors, and the logits of the encoder's heads."""
        bounds = np.cumsum([0, *map(len, self.corpus.records)])
        first, last = self.edges
        segments = [np.array([first, *ids, last], np.int32) for record in self.corpus.records for ids in record]
        parts: list[Tensor] = [torch.zeros(0)] * 5
        answers = zip(read(origin, segments), read(self.network, segments), strict=True)
        for number, ((places, near), (_, output)) in enumerate(answers):
            found = (near.matters, output.sentiment, output.pain, output.request, output.emotions)
            if not number:
                parts = [torch.zeros((len(segments), *part.shape[1:])) for part in found]
            for whole, part in zip(parts, found, strict=True):
                whole[places] = part.clone()
        return [tuple(part[start:stop] for part in parts) for start, stop in itertools.pairwise(bounds.tolist())]

    def _title_vectors(self, origin: EncoderNetwork) -> dict[tuple[int, int], Tensor]:
        """The origin's vectors of the titles, by trade and matter; zeros for remarks of none."""
        first, last = self.edges
        keys = [(number, place) for number, trade in enumerate(self.corpus.trades) for place in range(len(trade[0]))]
        ids = [
            np.array([first, *self.corpus.trades[number][0][place].called[0], last], np.int32) for number, place in keys
        ]
        found = torch.zeros((len(keys), self.network.shape.width))
        for places, output in read(origin, ids):
            found[places] = output.matters.clone()
        zeros = {(number, -1): torch.zeros(self.network.shape.width) for number in range(len(self.corpus.trades))}
        return dict(zip(keys, found, strict=True)) | zeros

    def _checkpoint(self, step: int) -> None:
        """Save the running mean, and the state of the run."""
        save_file(
            {name: value.detach().contiguous() for name, value in self.mean.items()}, self.work / "branch.safetensors"
        )
        state: dict[str, Tensor] = {}
        for name, master in self.masters.items():
            moments = self.optimizer.state[master]
            state |= {
                f"master.{name}": master.detach(),
                f"mean.{name}": self.mean[name],
                f"first.{name}": moments["exp_avg"],
                f"second.{name}": moments["exp_avg_sq"],
            }
        save_file(state, self.work / "branch.new")
        (self.work / "branch.new").replace(self.work / "branch_state.safetensors")
        (self.work / "branch_state.json").write_text(json.dumps({"step": step}), encoding="utf-8")

    def _resume(self) -> int:
        """Take up the last checkpoint, if there is one; return the steps done."""
        if not (self.work / "branch_state.json").exists():
            return 0
        step = int(json.loads((self.work / "branch_state.json").read_text(encoding="utf-8"))["step"])
        state = load_file(self.work / "branch_state.safetensors")
        parameters = dict(self.branch.named_parameters())
        with torch.no_grad():
            for name, master in self.masters.items():
                master.copy_(state[f"master.{name}"])
                self.mean[name].copy_(state[f"mean.{name}"])
                parameters[name].copy_(master)
                self.optimizer.state[master] = {
                    "step": torch.tensor(float(step)),
                    "exp_avg": state[f"first.{name}"],
                    "exp_avg_sq": state[f"second.{name}"],
                }
        return step
