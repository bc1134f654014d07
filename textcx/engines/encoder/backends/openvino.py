"""The encoder's network on OpenVINO: 8-bit weights for processors that multiply integers but not bfloat16, or float32.

In int8, activations are rounded too, ``GROUP`` neighbouring numbers of one token at a time, where the processor has
instructions for it (VNNI); elsewhere only the weights are. Nothing is measured over a whole batch, so an answer still
depends on the text alone.

OpenVINO reports every import to its makers over the network. textcx promises not to call anyone, so the package that
does it is hidden while OpenVINO is imported.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.numpy import load_file

from textcx.engines.encoder.backends.graph import OUTPUTS, encoder_graph
from textcx.engines.encoder.backends.rounding import GROUP
from textcx.engines.encoder.batches import Logits
from textcx.engines.encoder.model_folder import damaged

if TYPE_CHECKING:
    from types import ModuleType

    import numpy as np
    from numpy.typing import NDArray

    from textcx.engines.encoder.model_folder import ModelFolder

AUTO = "int8"
TELEMETRY = "openvino_telemetry"


def _import_quietly() -> ModuleType:
    """Import OpenVINO as if its telemetry were not installed; it has a stand-in for that case."""
    hidden = TELEMETRY not in sys.modules
    if hidden:
        sys.modules[TELEMETRY] = None  # type: ignore[assignment] # how Python marks a module as absent
    try:
        return importlib.import_module("openvino")
    finally:
        if hidden:
            del sys.modules[TELEMETRY]


openvino = _import_quietly()


class OpenvinoBackend:
    """Computes the network with OpenVINO, on the processor.

    Attributes:
        name: ``openvino``.
        precision: ``int8`` or ``fp32``.
    """

    name = "openvino"

    def __init__(self, graph: bytes, *, precision: str, threads: int | None = None) -> None:
        """Compile a graph.

        Args:
            graph: A model of ``encoder_graph``.
            precision: That of the graph.
            threads: Threads to compute on; None leaves that to OpenVINO.
        """
        self.precision = precision
        overrides: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "f32",  # or it would take bfloat16 where the processor has it
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": GROUP if precision == "int8" else 0,
            "NUM_STREAMS": 1,
        }
        if threads is not None:
            overrides["INFERENCE_NUM_THREADS"] = threads
        core = openvino.Core()
        self._request = core.compile_model(core.read_model(graph), "CPU", overrides).create_infer_request()

    def run(self, tokens: NDArray[np.int64], mask: NDArray[np.bool_]) -> Logits:
        """Read one batch. Both arrays have the shape ``(rows, length)``."""
        found = self._request.infer({"tokens": tokens, "mask": mask}, share_inputs=True)
        return Logits(*(found[name] for name in OUTPUTS))


def load(folder: ModelFolder, *, precision: str = "auto", threads: int | None = None) -> OpenvinoBackend:
    """Load the network of a model folder.

    Args:
        folder: The checked folder.
        precision: ``int8``, ``fp32`` or ``auto``.
        threads: Threads to compute on; None leaves that to OpenVINO.

    Raises:
        ModelProblem: If the weights do not fit the network.
    """
    precision = AUTO if precision == "auto" else precision
    try:
        graph = encoder_graph(load_file(folder.weights), folder.network, quantized=precision == "int8")
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as problem:
        raise damaged(folder.weights.parent, problem) from problem
    return OpenvinoBackend(graph, precision=precision, threads=threads)
