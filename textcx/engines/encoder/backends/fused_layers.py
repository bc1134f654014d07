"""Transformer layers with fused products, for reading in bfloat16 on CPUs.

A plain linear layer writes its bias, its product, its activation and the residual sum one after the other, each a pass
through memory; oneDNN can do them in one. PyTorch uses that in compiled code, through operators that are not part of
its documented face, so they are tried against the plain layer when an encoder is loaded and left alone where they are
missing or disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn

from textcx.engines.encoder.network import RowAttention

if TYPE_CHECKING:
    from torch import Tensor

    from textcx.engines.encoder.network import Attention, EncoderLayer, EncoderNetwork

TOLERANCE = 0.1
"""Largest difference from the plain layer, on outputs of a standard deviation of 1; bfloat16 alone explains 0.03."""


class FusedLayer(nn.Module):
    """The same layer as ``EncoderLayer``, in five products that do everything around them, too."""

    def __init__(self, plain: EncoderLayer) -> None:
        super().__init__()
        self.plain = plain
        reorder = torch.ops.mkldnn._reorder_linear_weight  # noqa: SLF001 - the operator has no public name
        self._linear: Any = torch.ops.mkldnn._linear_pointwise  # noqa: SLF001 - ditto
        self._packed = {
            name: reorder(cast("nn.Linear", getattr(plain, name)).weight.detach(), None)
            for name in ("attend", "merge", "expand", "contract")
        }

    def forward(self, states: Tensor, attention: Attention) -> Tensor:
        """Return the states of the tokens after this layer, in the shape in which they came."""
        plain = self.plain
        seen = attention(self._linear(states, self._packed["attend"], plain.attend.bias, "none", [], ""))
        states = plain.norm_attention(self._linear.binary(seen, states, self._packed["merge"], plain.merge.bias, "add"))
        expanded = self._linear(states, self._packed["expand"], plain.expand.bias, "gelu", [], "none")
        summed = self._linear.binary(expanded, states, self._packed["contract"], plain.contract.bias, "add")
        return cast("Tensor", plain.norm_output(summed))


def fuse(network: EncoderNetwork) -> bool:
    """Replace a network's layers by fused ones, if these work here.

    Args:
        network: A network in bfloat16 on the CPU, in evaluation mode.

    Returns:
        True if the layers were replaced; the network is unchanged otherwise.
    """
    try:
        fused = [FusedLayer(cast("EncoderLayer", layer)) for layer in network.layers]
        agree = all(_agrees(layer, fast) for layer, fast in zip(network.layers, fused, strict=True))
    except (AttributeError, NotImplementedError, RuntimeError):
        return False
    if agree:
        network.layers = nn.ModuleList(fused)
    return agree


def _agrees(plain: nn.Module, fast: FusedLayer) -> bool:
    generator = torch.Generator().manual_seed(0)
    width = fast.plain.attend.in_features
    for rows, length in ((2, 16), (4, 64)):
        states = torch.randn(rows, length, width, generator=generator).to(fast.plain.attend.weight.dtype)
        bias = torch.zeros(rows, 1, 1, length, dtype=states.dtype)
        bias[0, :, :, length // 2 :] = float("-inf")  # padding
        with torch.inference_mode():
            attention = RowAttention(fast.plain.heads, bias)
            difference = (plain(states, attention) - fast(states, attention)).abs().max()
        if not difference <= TOLERANCE:
            return False
    return True
