"""The encoder's network on ONNX Runtime: float32, or 8-bit weights that take half of the memory.

In int8, activations are rounded too, ``GROUP`` neighbouring numbers of one token at a time. Nothing is measured over a
whole batch, so an answer still depends on the text alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnxruntime
from safetensors import SafetensorError
from safetensors.numpy import load_file

from textcx.engines.encoder.backends.graph import OUTPUTS, encoder_graph
from textcx.engines.encoder.batches import Logits
from textcx.engines.encoder.model_folder import damaged

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textcx.engines.encoder.model_folder import ModelFolder

AUTO = "fp32"
"""Faster than int8 on the processors measured; see ``docs/decisions/0008-backends.md``."""
INTEGER_PRODUCTS = "4"
"""Accuracy level at which ONNX Runtime multiplies integers in groups, instead of turning the weights to float32."""
ERRORS_ONLY = 3


class OnnxBackend:
    """Computes the network with ONNX Runtime, on the processor.

    Attributes:
        name: ``onnx``.
        precision: ``fp32`` or ``int8``.
    """

    name = "onnx"

    def __init__(self, graph: bytes, *, precision: str, threads: int | None = None) -> None:
        """Compile a graph.

        Args:
            graph: A model of ``encoder_graph``.
            precision: That of the graph.
            threads: Threads to compute on; None leaves that to ONNX Runtime.
        """
        self.precision = precision
        options = onnxruntime.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", INTEGER_PRODUCTS)
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the tokenizer needs the cores too
        if threads is not None:
            options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def run(self, tokens: NDArray[np.int64], mask: NDArray[np.bool_]) -> Logits:
        """Read one batch. Both arrays have the shape ``(rows, length)``."""
        return Logits(*self._session.run(list(OUTPUTS), {"tokens": tokens, "mask": mask}))


def load(folder: ModelFolder, *, precision: str = "auto", threads: int | None = None) -> OnnxBackend:
    """Load the network of a model folder.

    Args:
        folder: The checked folder.
        precision: ``fp32``, ``int8`` or ``auto``.
        threads: Threads to compute on; None leaves that to ONNX Runtime.

    Raises:
        ModelProblem: If the weights do not fit the network.
    """
    precision = AUTO if precision == "auto" else precision
    try:
        graph = encoder_graph(load_file(folder.weights), folder.network, quantized=precision == "int8")
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as problem:
        raise damaged(folder.weights.parent, problem) from problem
    return OnnxBackend(graph, precision=precision, threads=threads)
