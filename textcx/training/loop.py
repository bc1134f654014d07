"""Train the encoder: seeded, resumable, two cores are enough.

The forward and backward pass run in bfloat16; a float32 copy of the weights takes the steps, since bfloat16 has too few
digits for small ones. Word and position embeddings stay as they are. A running mean of the weights is what is kept.
"""

from __future__ import annotations

import json
import logging
import math
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch.nn import functional

from textcx.engines.encoder_network import EncoderNetwork, EncoderOutput, backbone_from_minilm
from textcx.training.batches import cut, draw_epoch, pad, sorted_batches, token_ids
from textcx.training.corpus import read_corpus
from textcx.training.develop import DevelopmentSet, development_sets, measure
from textcx.training.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from textcx.engines.encoder_network import NetworkShape
    from textcx.training.examples import Example

_log = logging.getLogger(__name__)

MASK_TOKEN = 103
FIRST_WORD = 1000  # ids below are special tokens, punctuation and single characters


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """Settings of a training run.

    Attributes:
        seed: Start of every random choice.
        epochs: Passes over the mix.
        rate: Highest learning rate of the backbone; the heads take ``head_factor`` times as much.
        budget: Padded tokens in a batch.
        warm_up: Share of the steps in which the rate rises.
        vector_weight: Weight of the distance to the original sentence embedding.
        pain_weight: Weight of the pain head's loss.
        request_weight: Weight of the request head's loss.
        smoothing: Share of every sentiment label given to all classes.
        masked_words: Share of words hidden while training.
        head_dropout: Share of the shared hidden layer switched off while training.
        mean_decay: Decay of the running mean of the weights, per step.
    """

    seed: int = 17
    epochs: int = 2
    rate: float = 1.5e-4
    head_factor: float = 4.0
    budget: int = 4096
    warm_up: float = 0.05
    decay: float = 0.01
    vector_weight: float = 5.0
    pain_weight: float = 1.0
    request_weight: float = 1.0
    smoothing: float = 0.03
    masked_words: float = 0.05
    head_dropout: float = 0.1
    mean_decay: float = 0.997


@dataclass(slots=True)
class Targets:
    """What all examples teach, as arrays with one row for each example; weight 0 where nothing."""

    sentiment: Tensor
    pain: Tensor
    request: Tensor
    weights: Tensor  # sentiment, pain, request
    vectors: Tensor


class Training:
    """A training run over one corpus, from start or from its last checkpoint."""

    def __init__(
        self, *, data: Path, start: Path, work: Path, plan: TrainingPlan, shape: NetworkShape | None = None
    ) -> None:
        """Read the corpus, the start weights and the original vectors of all texts.

        Args:
            data: The data folder.
            start: Folder with ``model.safetensors`` and ``tokenizer.json`` of all-MiniLM-L6-v2.
            work: Folder for checkpoints and the cache of original vectors.
            plan: Settings.
            shape: Sizes of the network in ``start``; those of all-MiniLM-L6-v2 by default.
        """
        work.mkdir(parents=True, exist_ok=True)
        self.plan, self.work = plan, work
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(start / "tokenizer.json"))
        self.network = EncoderNetwork(shape)
        torch.manual_seed(plan.seed)
        for head in (self.network.hidden, self.network.sentiment, self.network.pain, self.network.request):
            head.reset_parameters()
        self.network.load_state_dict(backbone_from_minilm(load_file(start / "model.safetensors")), strict=False)
        self.corpus = read_corpus(data)
        self.ids = token_ids(self.tokenizer, [example.text for example in self.corpus.examples])
        self.lengths = np.array([len(row) for row in self.ids], dtype=np.int64)
        self.network.bfloat16()
        self.targets = targets_of(self.corpus.examples, self._original_vectors())
        self.sets: list[DevelopmentSet] = development_sets(data, self.tokenizer)
        self.masters = self._masters()
        self.mean = {name: master.clone() for name, master in self.masters.items()}
        self.optimizer = self._optimizer()
        self.step = 0
        self.best = -1.0

    def run(self, *, resume: bool = False, stop_after: int | None = None) -> Path:
        """Train to the end and return the file with the best weights.

        Args:
            resume: Go on from the last checkpoint, if there is one.
            stop_after: Stop after this many steps, with a checkpoint; None trains to the end.
        """
        plan = self.plan
        done = self._resume() if resume else 0
        batches = [
            cut(
                draw_epoch(self.corpus, SOURCES, seed=plan.seed, epoch=epoch),
                self.lengths,
                budget=plan.budget,
                seed=plan.seed + epoch,
            )
            for epoch in range(plan.epochs)
        ]
        total = sum(len(epoch) for epoch in batches)
        flat = [batch for epoch in batches for batch in epoch]
        stops = {round(total * part / (2 * plan.epochs)) for part in range(1, 2 * plan.epochs + 1)}
        _log.info("corpus of %d texts, %d steps, %d done", len(self.ids), total, done)
        started, tokens, losses = time.monotonic(), 0, np.zeros(4)
        self.network.train()
        stop = min(total, stop_after or total)
        for self.step in range(done, stop):
            batch = flat[self.step]
            self._set_rate(self.step, total)
            losses += self._one_step(batch)
            tokens += int(self.lengths[batch].sum())
            count = self.step + 1
            if count % 50 == 0:
                seconds = time.monotonic() - started
                _log.info(
                    "step %d of %d, sentiment %.3f pain %.3f request %.3f vector %.4f, %.0f tokens/s",
                    count,
                    total,
                    *(losses / 50),
                    tokens / seconds,
                )
                losses[:] = 0
            if count in stops or count == stop:
                self._checkpoint(count)
        return self.work / "best.safetensors"

    def _one_step(self, batch: NDArray[np.int64]) -> NDArray[np.float64]:
        plan = self.plan
        tokens, mask = pad([self.ids[place] for place in batch])
        torch.manual_seed(plan.seed * 1_000_003 + self.step)  # so that a resumed run draws what a whole one draws
        if plan.masked_words:
            chance = torch.rand(tokens.shape)
            tokens = tokens.masked_fill((chance < plan.masked_words) & (tokens >= FIRST_WORD), MASK_TOKEN)
        output = self.network(tokens, mask, head_dropout=plan.head_dropout)
        parts = losses_of(output, self.targets, torch.from_numpy(batch), smoothing=plan.smoothing)
        shares = torch.tensor([1.0, plan.pain_weight, plan.request_weight, plan.vector_weight])
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
        return cast("NDArray[np.float64]", parts.detach().double().numpy())

    def _original_vectors(self) -> Tensor:
        """Sentence embeddings of the texts before training: the mean state, unit length, as MiniLM was made for."""
        cache = self.work / "original_vectors.safetensors"
        keys = np.array([zlib.crc32(row.tobytes()) << 20 | zlib.adler32(row.tobytes()) & 0xFFFFF for row in self.ids])
        vectors = torch.zeros((len(self.ids), self.network.shape.width), dtype=torch.float16)
        missing = np.ones(len(keys), dtype=bool)
        if cache.exists():
            kept = load_file(cache)
            known = {key: place for place, key in enumerate(kept["keys"].tolist())}
            places = np.array([known.get(key, -1) for key in keys.tolist()])
            missing = places < 0
            vectors[torch.from_numpy(~missing)] = kept["vectors"][torch.from_numpy(places[~missing])]
        self.network.eval()
        todo = np.flatnonzero(missing)
        with torch.inference_mode():
            for batch in sorted_batches([self.ids[place] for place in todo], budget=8192):
                found = self.network(*pad([self.ids[place] for place in todo[batch]])).vectors
                vectors[torch.from_numpy(todo[batch])] = found.half()
        save_file({"vectors": vectors, "keys": torch.from_numpy(keys)}, cache)
        _log.info("original vectors of %d texts, %d of them new", len(vectors), len(todo))
        return vectors

    def _masters(self) -> dict[str, Tensor]:
        frozen = {"words.weight", "positions.weight"}
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(name not in frozen)
        return {
            name: parameter.detach().float().clone().requires_grad_()
            for name, parameter in self.network.named_parameters()
            if parameter.requires_grad
        }

    def _optimizer(self) -> torch.optim.AdamW:
        plan = self.plan
        groups = []
        for heads in (False, True):
            for plain in (False, True):
                members = [
                    master
                    for name, master in self.masters.items()
                    if name.startswith(("hidden", "sentiment", "pain", "request")) == heads
                    and (master.ndim == 1) == plain
                ]
                rate = plan.rate * (plan.head_factor if heads else 1.0)
                groups.append(
                    {"params": members, "lr": rate, "highest": rate, "weight_decay": 0.0 if plain else plan.decay}
                )
        return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)

    def _set_rate(self, step: int, total: int) -> None:
        warm = max(1, round(total * self.plan.warm_up))
        share = (
            (step + 1) / warm if step < warm else 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, total - warm)))
        )
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * max(share, 0.01)

    def _weights(self, trained: dict[str, Tensor]) -> dict[str, Tensor]:
        """All weights, ready to be saved or loaded: the trained ones and the frozen ones."""
        state = {name: value.detach().float() for name, value in self.network.state_dict().items()}
        return state | {name: value.detach() for name, value in trained.items()}

    def _checkpoint(self, count: int) -> None:
        """Measure the running mean of the weights, keep it if it is the best, and save the state of the run."""
        self.network.load_state_dict(self._weights(self.mean))
        report = measure(self.network, self.sets)
        score = report["choice"]
        _log.info("after step %d: %s", count, json.dumps(report))
        if score > self.best:
            self.best = score
            save_file(
                {name: value.contiguous() for name, value in self._weights(self.mean).items()},
                self.work / "best.safetensors",
            )
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


def targets_of(examples: Sequence[Example], vectors: Tensor) -> Targets:
    """Put the examples' targets into arrays."""
    count = len(examples)
    sentiment, pain, request = (
        np.zeros((count, 3), np.float32),
        np.zeros(count, np.float32),
        np.zeros(count, np.float32),
    )
    weights = np.zeros((count, 3), np.float32)
    for place, example in enumerate(examples):
        if example.sentiment is not None:
            sentiment[place], weights[place, 0] = example.sentiment, example.sentiment_weight
        if example.pain is not None:
            pain[place], weights[place, 1] = example.pain, example.pain_weight
        if example.request is not None:
            request[place], weights[place, 2] = example.request, example.request_weight
    return Targets(
        sentiment=torch.from_numpy(sentiment),
        pain=torch.from_numpy(pain),
        request=torch.from_numpy(request),
        weights=torch.from_numpy(weights),
        vectors=vectors,
    )


def losses_of(output: EncoderOutput, targets: Targets, batch: Tensor, *, smoothing: float) -> Tensor:
    """Return the four losses of a batch: sentiment, pain, request, vector. Shape ``(4,)``.

    Each is a sum over the examples that teach the head, by weight, divided by the rows of the batch, so that a batch
    with few labels takes a small step.
    """
    rows = len(batch)
    weights = targets.weights[batch]
    wanted = targets.sentiment[batch] * (1 - smoothing) + smoothing / 3
    sentiment = -(wanted * functional.log_softmax(output.sentiment, dim=-1)).sum(-1)
    pain = functional.binary_cross_entropy_with_logits(output.pain, targets.pain[batch], reduction="none")
    request = functional.binary_cross_entropy_with_logits(output.request, targets.request[batch], reduction="none")
    distance = 1 - (output.vectors * targets.vectors[batch].float()).sum(-1)
    labelled = (torch.stack([sentiment, pain, request], dim=-1) * weights).sum(0) / rows
    return torch.cat([labelled, distance.mean()[None]])
