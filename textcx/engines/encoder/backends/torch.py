"""The encoder's network on PyTorch: bfloat16 where the processor computes with it, CUDA where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from textcx.domain.encoding import EMOTIONS
from textcx.domain.errors import BadSetting
from textcx.engines.encoder.backends.fused_layers import fuse
from textcx.engines.encoder.backends.packing import pack, read
from textcx.engines.encoder.batches import LENGTHS, Logits
from textcx.engines.encoder.model_folder import damaged
from textcx.engines.encoder.network import EncoderNetwork, NetworkShape
from textcx.engines.encoder.processor import computes_bf16

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from textcx.engines.encoder.model_folder import ModelFolder

PRECISIONS = {"bf16": torch.bfloat16, "fp32": torch.float32}


class TorchBackend:
    """Computes the network with PyTorch.

    Attributes:
        name: ``torch``.
        precision: ``bf16`` or ``fp32``.
        fused: True where the layers use fused products.
    """

    name = "torch"

    def __init__(self, network: EncoderNetwork, *, precision: str = "auto") -> None:
        """Wrap a network.

        Args:
            network: It is put into evaluation mode and the given precision, on the graphics card if there is one.
            precision: ``bf16``, ``fp32``, or ``auto``: bf16 where the machine computes with it.

        Raises:
            BadSetting: If the precision is unknown.
        """
        self.precision = choose_precision(precision)
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        network.set_precision(PRECISIONS[self.precision])
        self._network = network.eval().to(self._device)
        self.fused = self.precision == "bf16" and self._device.type == "cpu" and fuse(self._network)

    def read(self, windows: Sequence[NDArray[np.int64]], *, size: int, fill: bool) -> Logits:
        """Read windows packed into one sequence; as ``PackingBackend`` says."""
        with torch.inference_mode():
            packed = pack(
                windows,
                size=size,
                lengths=LENGTHS,
                heads=self._network.shape.heads,
                precision=PRECISIONS[self.precision],
                device=self._device,
            )
            return Logits(*(part.cpu().numpy() for part in read(self._network, packed, fill=fill)))


def load(folder: ModelFolder, *, precision: str = "auto", threads: int | None = None) -> TorchBackend:
    """Load the network of a model folder.

    Args:
        folder: The checked folder.
        precision: ``bf16``, ``fp32`` or ``auto``.
        threads: Threads of this process to compute on; None leaves them as they are.

    Raises:
        ModelProblem: If the weights do not fit the network.
        BadSetting: If the precision is unknown.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        with torch.device("meta"):
            network = EncoderNetwork(NetworkShape(**folder.network))
        weights = load_file(folder.weights)
        if "emotions.weight" not in weights:  # weights of before there were emotions: this head answers NaN
            weights["emotions.weight"] = torch.zeros(len(EMOTIONS), network.shape.head_width)
            weights["emotions.bias"] = torch.full((len(EMOTIONS),), float("nan"))
        network.load_state_dict(weights, assign=True)
    except (OSError, TypeError, RuntimeError, SafetensorError) as problem:
        raise damaged(folder.weights.parent, problem) from problem
    return TorchBackend(network, precision=precision)


def choose_precision(wanted: str) -> str:
    """Return ``bf16`` or ``fp32``; ``auto`` takes bf16 where the processor has instructions for it.

    Raises:
        BadSetting: If the precision is none of the three.
    """
    if wanted == "auto":
        return "bf16" if _computes_bf16() else "fp32"
    if wanted not in PRECISIONS:
        message = f"Unknown precision '{wanted}'; choose auto, bf16 or fp32."
        raise BadSetting(message)
    return wanted


def _computes_bf16() -> bool:
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return computes_bf16()
