from __future__ import annotations

import torch

from textcx.engines.encoder.backends.torch import FusedLayer, fuse
from textcx.engines.encoder.network import EncoderLayer, EncoderNetwork, NetworkShape


def network() -> EncoderNetwork:
    torch.manual_seed(3)
    small = EncoderNetwork(NetworkShape(vocabulary=2000, layers=2, matter_layers=1))
    small.set_precision(torch.bfloat16)
    return small.eval()


def test_fused_layers_say_the_same_as_plain_ones_within_the_precision_of_bfloat16() -> None:
    plain, fused = network(), network()
    fuse(fused)  # where the processor has no such products the layers stay plain, and the answers equal
    tokens = torch.randint(5, 2000, (6, 32), generator=torch.Generator().manual_seed(1))
    mask = torch.arange(32) < torch.tensor([32, 20, 9, 2, 31, 16])[:, None]
    with torch.inference_mode():
        one, other = plain(tokens, mask), fused(tokens, mask)
    assert torch.allclose(one.matters, other.matters, atol=0.02)
    assert torch.allclose(torch.softmax(one.sentiment, 1), torch.softmax(other.sentiment, 1), atol=0.02)


def test_the_layers_of_the_branch_are_fused_with_the_others() -> None:
    fused = network()
    done = fuse(fused)
    kinds = {type(layer) for layer in (*fused.layers, *fused.matter_layers)}
    assert kinds == {FusedLayer if done else EncoderLayer}
    assert (len(fused.layers), len(fused.matter_layers)) == (2, 1)


def test_layers_that_disagree_are_left_alone() -> None:
    odd = network()
    before = list(odd.layers)
    with torch.no_grad():
        odd.layers[0].expand.bias.fill_(float("nan"))
    assert not fuse(odd)
    assert list(odd.layers) == before
