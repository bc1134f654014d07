"""Turn texts into batches of padded token ids: sorted by length inside shuffled blocks, cut by a token budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from textcx.engines.encoder.readable import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer
    from torch import Tensor

    from textcx.engines.encoder.network import EncoderNetwork, EncoderOutput
    from textcx.training.examples import Corpus

LONGEST = 256
ROUND_TO = 16
BLOCK = 4096
READING_BUDGET = 4096


def token_ids(tokenizer: Tokenizer, texts: Sequence[str], *, longest: int = LONGEST) -> list[NDArray[np.int32]]:
    """Return each text's token ids, at most ``longest`` of them."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    ids: list[NDArray[np.int32]] = []
    for start in range(0, len(texts), BLOCK):
        plain = [readable(text) for text in texts[start : start + BLOCK]]
        ids.extend(np.array(found.ids, dtype=np.int32) for found in tokenizer.encode_batch(plain))
    return ids


def draw_epoch(corpus: Corpus, *, seed: int, epoch: int) -> NDArray[np.int64]:
    """Choose the examples of an epoch and their order.

    Large sources are walked through: each epoch takes the next part of one fixed shuffle, so that no example comes
    back before all have been seen.
    """
    parts = []
    for number, source in enumerate(corpus.sources):
        start, stop = corpus.bounds[source.name]
        count = min(source.each_epoch, (stop - start) * source.repeat)
        if not count:
            continue
        order = np.random.default_rng((seed, number)).permutation(stop - start)
        walk = (np.arange(count) + epoch * count) % len(order)
        parts.append(start + order[walk])
    chosen = np.concatenate(parts)
    np.random.default_rng((seed, 1_000 + epoch)).shuffle(chosen)
    return chosen.astype(np.int64)


def cut(chosen: NDArray[np.int64], lengths: NDArray[np.int64], *, budget: int, seed: int) -> list[NDArray[np.int64]]:
    """Cut an epoch into batches of similar length and at most ``budget`` padded tokens, in random order in a block."""
    chance = np.random.default_rng(seed)
    batches: list[NDArray[np.int64]] = []
    for start in range(0, len(chosen), BLOCK):
        block = list(_by_length(chosen[start : start + BLOCK], lengths, budget=budget))
        batches += [block[place] for place in chance.permutation(len(block))]
    return batches


def _by_length(places: NDArray[np.int64], lengths: NDArray[np.int64], *, budget: int) -> Iterator[NDArray[np.int64]]:
    padded = padded_length(lengths[places])
    for length in np.unique(padded):
        same = places[padded == length]
        rows = max(1, budget // int(length))
        yield from (same[at : at + rows] for at in range(0, len(same), rows))


def padded_length(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Round lengths up to a multiple of ``ROUND_TO``: few shapes, so that kernels are built once."""
    return -(-lengths // ROUND_TO) * ROUND_TO


def pad(ids: Sequence[NDArray[np.int32]]) -> tuple[Tensor, Tensor]:
    """Return token ids and the mask of real tokens. Shapes ``(rows, length)``."""
    lengths = np.array([len(row) for row in ids])
    mask = np.arange(padded_length(lengths).max()) < lengths[:, None]
    tokens = np.zeros(mask.shape, dtype=np.int64)
    tokens[mask] = np.concatenate(ids)
    return torch.from_numpy(tokens), torch.from_numpy(mask)


def sorted_batches(ids: Sequence[NDArray[np.int32]], *, budget: int) -> Iterator[NDArray[np.int64]]:
    """Cut all texts into batches for reading (no training), shortest first."""
    lengths = np.array([len(row) for row in ids], dtype=np.int64)
    return _by_length(np.argsort(lengths, kind="stable"), lengths, budget=budget)


def read(
    network: EncoderNetwork, ids: Sequence[NDArray[np.int32]], *, budget: int = READING_BUDGET
) -> Iterator[tuple[Tensor, EncoderOutput]]:
    """Let a network read texts, shortest first: yield places of texts and what it says of them."""
    device = network.words.weight.device
    network.eval()
    for batch in sorted_batches(ids, budget=budget):
        tokens, mask = (part.to(device) for part in pad([ids[place] for place in batch]))
        with torch.inference_mode():
            output = network(tokens, mask)
        yield torch.from_numpy(batch), output
