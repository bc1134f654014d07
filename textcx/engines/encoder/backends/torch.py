"""The encoder's network on PyTorch: bfloat16 where the processor computes with it, CUDA where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors.torch import load_file
from torch import nn

from textcx.domain.encoding import EMOTIONS
from textcx.domain.errors import BadSetting
from textcx.engines.encoder.backends.packing import pack, read
from textcx.engines.encoder.batches import Logits
from textcx.engines.encoder.load import abilities
from textcx.engines.encoder.model_folder import explained
from textcx.engines.encoder.network import EncoderNetwork, NetworkShape, RowAttention

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from textcx.engines.encoder.model_folder import ModelFolder
    from textcx.engines.encoder.network import Attention, EncoderLayer

PRECISIONS = {"bf16": torch.bfloat16, "fp32": torch.float32}
TOLERANCE = 0.1  # largest difference from the plain layer, on outputs of deviation 1; bfloat16 alone explains 0.03


class TorchBackend:
    """Computes the network with PyTorch, on the graphics card if there is one.

    ``precision`` is ``bf16`` or ``fp32``; ``fused`` tells whether the layers use fused products.
    """

    name = "torch"

    def __init__(self, network: EncoderNetwork, *, precision: str = "auto") -> None:
        """Put a network into evaluation mode and a precision; errors as in ``choose_precision``."""
        self.precision = choose_precision(precision)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network.set_precision(PRECISIONS[self.precision])
        self._network = network.eval().to(self._device)
        self.fused = self.precision == "bf16" and self._device.type == "cpu" and fuse(self._network)

    def read(self, windows: Sequence[NDArray[np.int64]], *, size: int, fill: bool, branch: bool) -> Logits:
        """Read windows packed into one sequence; as ``PackingBackend`` says."""
        with torch.inference_mode():
            packed = pack(windows, size=size, network=self._network)
            return Logits(*(part.cpu().numpy() for part in read(self._network, packed, fill=fill, branch=branch)))


def load(folder: ModelFolder, *, precision: str = "auto", threads: int | None = None) -> TorchBackend:
    """Load the network of a model folder; ``threads`` are those of this process, None leaves them as they are.

    Raises:
        ModelProblem: If the weights do not fit the network.
        BadSetting: If the precision is unknown.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    with explained(folder.weights.parent):
        with torch.device("meta"):
            network = EncoderNetwork(NetworkShape(**folder.network))
        weights = load_file(folder.weights)
        if "emotions.weight" not in weights:  # weights of before there were emotions: this head answers NaN
            weights["emotions.weight"] = torch.zeros(len(EMOTIONS), network.shape.head_width)
            weights["emotions.bias"] = torch.full((len(EMOTIONS),), float("nan"))
        network.load_state_dict(weights, assign=True)
    return TorchBackend(network, precision=precision)


def choose_precision(wanted: str) -> str:
    """Return ``bf16`` or ``fp32``; ``auto`` takes bf16 where the machine computes with it.

    Raises:
        BadSetting: If the precision is none of the three.
    """
    if wanted == "auto":
        on_card = torch.cuda.is_available()
        return "bf16" if (torch.cuda.is_bf16_supported() if on_card else "bf16" in abilities()) else "fp32"
    if wanted not in PRECISIONS:
        message = f"Unknown precision '{wanted}'; choose auto, bf16 or fp32."
        raise BadSetting(message)
    return wanted


class FusedLayer(nn.Module):
    """The same layer as ``EncoderLayer``, in products that do everything around them, too.

    A plain linear layer writes its bias, its product, its activation and the residual sum one after the other, each a
    pass through memory; oneDNN can do them in one. PyTorch uses that in compiled code, through operators that are not
    part of its documented face, so they are tried when an encoder is loaded.
    """

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
    """Replace the layers of a network in bfloat16 on the CPU by fused ones, if these work here; tell whether."""
    try:
        plain = [*network.layers, *network.matter_layers]
        fused = [FusedLayer(cast("EncoderLayer", layer)) for layer in plain]
        agree = all(_agrees(layer, fast) for layer, fast in zip(plain, fused, strict=True))
    except (AttributeError, NotImplementedError, RuntimeError):
        return False
    if agree:
        count = len(network.layers)
        network.layers, network.matter_layers = nn.ModuleList(fused[:count]), nn.ModuleList(fused[count:])
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
