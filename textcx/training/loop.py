"""Train the encoder: seeded, resumable, two cores are enough.

The forward and backward pass run in bfloat16; a float32 copy of the weights takes the steps, since bfloat16 has too few
digits for small ones. A running mean of the weights is what is kept.
"""

from __future__ import annotations

import json
import logging
import math
import time
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from textcx.domain.encoding import EMOTIONS
from textcx.training.batches import cut, draw_epoch, pad, token_ids
from textcx.training.develop import measure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from torch import Tensor

    from textcx.engines.encoder.network import EncoderNetwork, EncoderOutput
    from textcx.ports import ProgressReporter
    from textcx.training.develop import DevelopmentSet
    from textcx.training.examples import Corpus, Example

_log = logging.getLogger(__name__)

LOSSES = ("sentiment", "pain", "request", "emotions")
HEADS = ("hidden", "sentiment", "pain", "request", "emotions")
EMBEDDINGS = ("words.", "positions.", "norm_words.")
STAGE, STEPS_A_LINE = "train", 50
FIRST_WORD = 1000  # ids below are special tokens, punctuation and single characters


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """Settings of a training run.

    Attributes:
        epochs: Passes over the mix.
        rate: Highest learning rate of the backbone; the heads take ``head_factor`` times as much.
        budget: Padded tokens in a batch.
        longest: Tokens of a text that are read.
        frozen: Layers from the lowest up that stay as they are, and the embeddings with them; 0 trains all.
        kept: Share of the start weights in the mean of them and the trained ones that is the result, 0..1.
        warm_up: Share of the steps in which the rate rises.
        decay: Weight decay of all but biases and norms.
        pain_weight: Weight of the head's loss; so of the others, that of the emotions being their mean.
        smoothing: Share of every sentiment label given to all classes.
        masked_words: Share of words hidden while training.
        head_dropout: Share of the shared hidden layer switched off while training.
        mean_decay: Decay of the running mean of the weights, per step.
        measures: How often the run stops to measure itself and to save its state.
    """

    seed: int = 17
    epochs: int = 3
    rate: float = 3e-4
    head_factor: float = 4.0
    budget: int = 4_096
    longest: int = 256
    frozen: int = 0
    kept: float = 0.0
    warm_up: float = 0.05
    decay: float = 0.01
    pain_weight: float = 1.0
    request_weight: float = 1.0
    emotion_weight: float = 0.5
    smoothing: float = 0.03
    masked_words: float = 0.05
    head_dropout: float = 0.1
    mean_decay: float = 0.998
    measures: int = 4


class Training:
    """A training run over one corpus, from start or from its last checkpoint."""

    def __init__(
        self,
        network: EncoderNetwork,
        tokenizer: Tokenizer,
        *,
        corpus: Corpus,
        sets: Sequence[DevelopmentSet],
        work: Path,
        plan: TrainingPlan,
        progress: ProgressReporter,
    ) -> None:
        """Read the corpus.

        ``network`` has its start weights, and is on a CUDA device if one should compute; ``tokenizer`` is also that of
        ``sets``; ``work`` is the folder for checkpoints.
        """
        work.mkdir(parents=True, exist_ok=True)
        self.plan, self.work, self.progress = plan, work, progress
        self.network, self.corpus, self.sets = network, corpus, sets
        self.device = network.words.weight.device
        self.mask_token = tokenizer.token_to_id("[MASK]") or 0
        self.ids = token_ids(tokenizer, [example.text for example in corpus.examples], longest=plan.longest)
        self.lengths = np.array([len(row) for row in self.ids], dtype=np.int64)
        exact = {name: value.detach().float().clone() for name, value in network.named_parameters()}
        self.network.bfloat16()
        self.targets = targets_of(corpus.examples)
        self.masters = self._masters()
        self.kept = {name: value for name, value in exact.items() if name not in self.masters}  # of what is frozen
        self.mean = {name: master.clone() for name, master in self.masters.items()}
        self.optimizer = self._optimizer()
        self.step = 0
        self.best = -1.0

    def run(self, *, resume: bool = False, stop_after: int | None = None) -> Path:
        """Train, from the last checkpoint if ``resume`` finds one, and return the file with the best weights.

        With ``stop_after``, stop after this many steps, with a checkpoint.
        """
        plan = self.plan
        done = self._resume() if resume else 0
        batches: list[NDArray[np.int64]] = []
        for epoch in range(plan.epochs):
            chosen = draw_epoch(self.corpus, seed=plan.seed, epoch=epoch)
            batches += cut(chosen, self.lengths, budget=plan.budget, seed=plan.seed + epoch)
        total = len(batches)
        stops = {round(total * part / plan.measures) for part in range(1, plan.measures + 1)}
        _log.info("%d texts, %d steps, %d done", len(self.ids), total, done)
        started, tokens, losses = time.monotonic(), 0, np.zeros(len(LOSSES))
        self.network.train()
        stop = min(total, stop_after or total)
        with self.progress.stage(STAGE):
            self.progress.expect(STAGE, total)
            self.progress.advance(STAGE, done)
            for self.step in range(done, stop):
                batch = batches[self.step]
                self._set_rate(self.step, total)
                losses += self._one_step(batch)
                tokens += int(self.lengths[batch].sum())
                count = self.step + 1
                self.progress.advance(STAGE, 1)
                if count % STEPS_A_LINE == 0:
                    means = dict(zip(LOSSES, (losses / STEPS_A_LINE).round(4).tolist(), strict=True))
                    speed = round(tokens / (time.monotonic() - started))
                    self._note({"step": count, "of": total, "losses": means, "tokens_per_second": speed})
                    losses[:] = 0
                if count in stops or count == stop:
                    self._checkpoint(count)
        return self.work / "best.safetensors"

    def _note(self, line: dict[str, object]) -> None:
        """Add a line to the log of the run's figures."""
        text = json.dumps(line)
        with (self.work / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(f"{text}\n")
        _log.info("%s", text)

    def _one_step(self, batch: NDArray[np.int64]) -> NDArray[np.float64]:
        plan = self.plan
        tokens, mask = (part.to(self.device) for part in pad([self.ids[place] for place in batch]))
        torch.manual_seed(plan.seed * 1_000_003 + self.step)  # so that a resumed run draws what a whole one draws
        if plan.masked_words:
            chance = torch.rand(tokens.shape, device=self.device)
            tokens = tokens.masked_fill((chance < plan.masked_words) & (tokens >= FIRST_WORD), self.mask_token)
        output = self.network(tokens, mask, head_dropout=plan.head_dropout)
        parts = losses_of(output, self.targets, torch.from_numpy(batch), smoothing=plan.smoothing)
        shares = torch.tensor([1.0, plan.pain_weight, plan.request_weight, plan.emotion_weight], device=self.device)
        torch.autograd.backward((parts * shares).sum())
        parameters = dict(self.network.named_parameters())
        for name, master in self.masters.items():
            grad = parameters[name].grad
            master.grad = None if grad is None else grad.float()
            parameters[name].grad = None
        torch.nn.utils.clip_grad_norm_(list(self.masters.values()), 1.0)
        self.optimizer.step()
        decay = min(plan.mean_decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.mean.values()), list(self.masters.values()), 1 - decay)
            for name, master in self.masters.items():
                parameters[name].copy_(master)
        return cast("NDArray[np.float64]", parts.detach().double().cpu().numpy())

    def _masters(self) -> dict[str, Tensor]:
        low = tuple(f"layers.{layer}." for layer in range(self.plan.frozen))
        frozen = (*low, *EMBEDDINGS) if low else ()
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(not name.startswith(frozen))
        return {
            name: parameter.detach().float().clone().requires_grad_()
            for name, parameter in self.network.named_parameters()
            if parameter.requires_grad
        }

    def _optimizer(self) -> torch.optim.AdamW:
        plan = self.plan
        groups = []
        for heads, plain in product((False, True), repeat=2):
            chosen = [
                master
                for name, master in self.masters.items()
                if name.startswith(HEADS) == heads and (master.ndim == 1) == plain
            ]
            rate = plan.rate * (plan.head_factor if heads else 1.0)
            decay = 0.0 if plain else plan.decay
            groups.append({"params": chosen, "lr": rate, "highest": rate, "weight_decay": decay})
        return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)

    def _set_rate(self, step: int, total: int) -> None:
        warm = max(1, round(total * self.plan.warm_up))
        cooled = (step - warm) / max(1, total - warm)
        share = (step + 1) / warm if step < warm else 0.5 * (1 + math.cos(math.pi * cooled))
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * max(share, 0.01)

    def _weights(self, trained: dict[str, Tensor]) -> dict[str, Tensor]:
        """All weights, ready to be saved or loaded: the trained ones and the frozen ones."""
        return self.kept | {name: value.detach() for name, value in trained.items()}

    def _checkpoint(self, count: int) -> None:
        """Measure the running mean of the weights, keep it if it is the best, and save the state of the run."""
        self.network.load_state_dict(self._weights(self.mean))
        report = measure(self.network, self.sets)
        score = report["choice"]
        self._note({"step": count, "development": report})
        if score > self.best:
            self.best = score
            best = {name: value.contiguous() for name, value in self._weights(self.mean).items()}
            save_file(best, self.work / "best.safetensors")
            (self.work / "best.json").write_text(json.dumps({"step": count, **report}, indent=1), encoding="utf-8")
        self.network.load_state_dict(self._weights(self.masters))
        self.network.train()
        state: dict[str, Tensor] = {}
        for name, master in self.masters.items():
            moments = self.optimizer.state[master]
            state |= {
                f"master.{name}": master.detach(),
                f"mean.{name}": self.mean[name].detach(),
                f"first.{name}": moments["exp_avg"],
                f"second.{name}": moments["exp_avg_sq"],
            }
        save_file(state, self.work / "state.new")
        (self.work / "state.new").replace(self.work / "state.safetensors")
        (self.work / "state.json").write_text(json.dumps({"step": count, "best": self.best}), encoding="utf-8")

    def _resume(self) -> int:
        """Take up the last checkpoint, if there is one; return the steps done."""
        if not (self.work / "state.json").exists():
            return 0
        saved = json.loads((self.work / "state.json").read_text(encoding="utf-8"))
        state = load_file(self.work / "state.safetensors")
        with torch.no_grad():
            for name, master in self.masters.items():
                master.copy_(state[f"master.{name}"])
                self.mean[name].copy_(state[f"mean.{name}"])
                self.optimizer.state[master] = {
                    "step": torch.tensor(float(saved["step"])),
                    "exp_avg": state[f"first.{name}"],
                    "exp_avg_sq": state[f"second.{name}"],
                }
        self.network.load_state_dict(self._weights(self.masters))
        self.best = float(saved["best"])
        return int(saved["step"])


def targets_of(examples: Sequence[Example]) -> dict[str, Tensor]:
    """Put the examples' targets into arrays with one row for each: by head, and ``weights`` (0: untaught)."""
    count = len(examples)
    shapes = {"sentiment": (3,), "pain": (), "request": (), "emotions": (len(EMOTIONS),)}
    found = {head: np.zeros((count, *shape), np.float32) for head, shape in shapes.items()}
    weights = np.zeros((count, len(shapes)), np.float32)
    for place, example in enumerate(examples):
        for column, head in enumerate(shapes):
            target = getattr(example, head)
            if target is not None:
                found[head][place] = target
                weights[place, column] = getattr(example, f"{head.removesuffix('s')}_weight")
    return {head: torch.from_numpy(values) for head, values in (found | {"weights": weights}).items()}


def losses_of(output: EncoderOutput, targets: dict[str, Tensor], places: Tensor, *, smoothing: float) -> Tensor:
    """Return the losses of a batch in the order of ``LOSSES``. Shape ``(4,)``.

    Each is a sum over the examples that teach the head, by weight, divided by the rows of the batch, so that a batch
    with few labels takes a small step.
    """
    wanted = {name: values[places].to(output.sentiment.device) for name, values in targets.items()}
    soft = wanted["sentiment"] * (1 - smoothing) + smoothing / 3
    losses = [-(soft * functional.log_softmax(output.sentiment, dim=-1)).sum(-1)]
    two_way = functional.binary_cross_entropy_with_logits
    losses += [two_way(getattr(output, head), wanted[head], reduction="none") for head in ("pain", "request")]
    losses.append(two_way(output.emotions, wanted["emotions"], reduction="none").mean(-1))
    return (torch.stack(losses, dim=-1) * wanted["weights"]).sum(0) / len(places)
