"""The encoder's network on ONNX Runtime: float32, or 8-bit weights that take half of the memory.

In int8, activations are rounded too, ``GROUP`` neighbouring numbers of one token at a time. Nothing is measured over a
whole batch, so an answer still depends on the text alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnxruntime

from textcx.engines.encoder.backends.graph import OUTPUTS, graph_of
from textcx.engines.encoder.batches import Logits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textcx.engines.encoder.model_folder import ModelFolder

INTEGER_PRODUCTS = "4"  # accuracy level that multiplies integers in groups, instead of turning weights to float32
ERRORS_ONLY = 3


class OnnxBackend:
    """Computes the network with ONNX Runtime, on the processor, in ``fp32`` or ``int8``."""

    name = "onnx"

    def __init__(self, folder: ModelFolder, *, precision: str = "auto", threads: int | None = None) -> None:
        # "auto" is the faster one on the processors measured: docs/decisions/0008-backends.md
        self.precision = "fp32" if precision == "auto" else precision
        options = onnxruntime.SessionOptions()
        options.log_severity_level = ERRORS_ONLY
        options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", INTEGER_PRODUCTS)
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the tokenizer needs the cores too
        if threads is not None:
            options.intra_op_num_threads = threads
        graph = graph_of(folder, quantized=self.precision == "int8")
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def run(self, tokens: NDArray[np.int64], mask: NDArray[np.bool_]) -> Logits:
        """Read one batch; as ``PaddedBackend`` says."""
        return Logits(*self._session.run(list(OUTPUTS), {"tokens": tokens, "mask": mask}))
