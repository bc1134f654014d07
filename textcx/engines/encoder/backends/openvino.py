"""The encoder's network on OpenVINO: 8-bit weights for processors that multiply integers but not bfloat16, or float32.

In int8, activations are rounded too, as for ONNX Runtime, where the processor has instructions for it (VNNI).

OpenVINO reports every import to its makers over the network. textcx promises not to call anyone, so the package that
does it is hidden while OpenVINO is imported.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from textcx.engines.encoder.backends.graph import OUTPUTS, graph_of
from textcx.engines.encoder.backends.rounding import GROUP
from textcx.engines.encoder.batches import Logits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textcx.engines.encoder.model_folder import ModelFolder

TELEMETRY = "openvino_telemetry"
ABSENT: Any = None  # how Python marks a module as absent; OpenVINO has a stand-in for that case
sys.modules.setdefault(TELEMETRY, ABSENT)
try:
    openvino = importlib.import_module("openvino")
finally:
    if sys.modules[TELEMETRY] is ABSENT:
        del sys.modules[TELEMETRY]


class OpenvinoBackend:
    """Computes the network with OpenVINO, on the processor, in ``int8`` or ``fp32``."""

    name = "openvino"

    def __init__(self, folder: ModelFolder, *, precision: str = "auto", threads: int | None = None) -> None:
        self.precision = "int8" if precision == "auto" else precision
        overrides: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",  # or it would take bfloat16 where the processor has it
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": GROUP if self.precision == "int8" else 0,
            "NUM_STREAMS": 1,
        }
        if threads is not None:
            overrides["INFERENCE_NUM_THREADS"] = threads
        core = openvino.Core()
        graph = core.read_model(graph_of(folder, quantized=self.precision == "int8"))
        self._request = core.compile_model(graph, "CPU", overrides).create_infer_request()

    def run(self, tokens: NDArray[np.int64], mask: NDArray[np.bool_]) -> Logits:
        """Read one batch; as ``PaddedBackend`` says."""
        found = self._request.infer({"tokens": tokens, "mask": mask}, share_inputs=True)
        return Logits(*(found[name] for name in OUTPUTS))
