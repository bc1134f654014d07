"""Load an encoder on the runtime that suits the machine, or on the one asked for.

What suits was measured; ``docs/decisions/0008-backends.md`` has the figures. PyTorch wherever the machine computes
bfloat16; OpenVINO's int8, if it is installed, on processors that only multiply integers fast; else PyTorch in float32.
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting
from textcx.engines.encoder.hub import find_model
from textcx.engines.encoder.model_folder import ABOUT, open_model
from textcx.engines.encoder.processor import computes_bf16, computes_integers_fast
from textcx.engines.encoder.reader import BatchedEncoder
from textcx.engines.encoder.text import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Runtime:
    """A backend that may be installed.

    Attributes:
        module: Where its ``load`` is.
        needs: Packages that it needs.
        extra: Extra of textcx that installs it; None where textcx always has it.
        precisions: What it computes with, besides ``auto``.
    """

    module: str
    needs: tuple[str, ...]
    extra: str | None
    precisions: tuple[str, ...]

    def installed(self) -> bool:
        """Return whether its packages are there."""
        return all(importlib.util.find_spec(package) is not None for package in self.needs)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far answers may be from those of PyTorch in float32.

    Attributes:
        probability: Largest change of any probability of any head.
        mean: Mean change of a probability, over texts and heads.
        labels: Largest share of texts whose most likely sentiment changes.
    """

    probability: float
    mean: float
    labels: float


RUNTIMES = {
    "torch": Runtime("textcx.engines.encoder.backends.torch", ("torch",), None, ("bf16", "fp32")),
    "openvino": Runtime("textcx.engines.encoder.backends.openvino", ("openvino", "onnx"), "openvino", ("int8", "fp32")),
    "onnx": Runtime("textcx.engines.encoder.backends.onnx", ("onnxruntime", "onnx"), "onnx", ("fp32", "int8")),
}
"""In the order in which ``auto`` looks for a precision."""
TOLERANCES = {
    ("torch", "fp32"): Tolerance(0.001, 0.0001, 0.001),
    ("onnx", "fp32"): Tolerance(0.001, 0.0001, 0.001),
    ("openvino", "fp32"): Tolerance(0.001, 0.0001, 0.001),
    ("torch", "bf16"): Tolerance(0.03, 0.003, 0.005),
    ("onnx", "int8"): Tolerance(0.05, 0.004, 0.01),
    ("openvino", "int8"): Tolerance(0.05, 0.004, 0.01),
}
"""How far each backend and precision may be from PyTorch in float32, by backend and precision."""
HUGGING_FACE = "textcx.engines.encoder.backends.transformers"
GRAPHICS_CARD = Path("/proc/driver/nvidia/version")


def load_encoder(
    model: str | Path,
    *,
    backend: str = "auto",
    precision: str = "auto",
    threads: int | None = None,
    small_batches: bool = False,
    between: Callable[[], None] | None = None,
) -> BatchedEncoder:
    """Load an encoder: one that textcx trained, or a Hugging Face model that classifies by sentiment.

    Args:
        model: Its folder, which holds ``model.toml`` or else ``config.json``, or its name on the hub.
        backend: One of ``RUNTIMES``, or ``auto``. A Hugging Face model is computed by PyTorch.
        precision: ``bf16``, ``fp32``, ``int8`` or ``auto``.
        threads: Threads to compute on; None leaves that to the backend.
        small_batches: See ``BatchedEncoder``.
        between: Likewise.

    Returns:
        The encoder, ready to read.

    Raises:
        ModelProblem: If there is no model, a file is missing, damaged, or not what ``model.toml`` says, or a Hugging
            Face model is none of sentiment.
        BadSetting: If the backend or the precision is unknown, or the backend is not installed or cannot compute this
            model.
    """
    make = partial(BatchedEncoder, small_batches=small_batches, between=between)
    folder = find_model(model)
    if (folder / ABOUT).is_file():
        runtime = RUNTIMES[choose_backend(backend, precision)]
        own = open_model(folder)
        return make(
            importlib.import_module(runtime.module).load(own, precision=precision, threads=threads),
            own.tokenizer,
            encoder_id=own.encoder_id,
            width=own.network["width"],
            calibration=own.calibration,
        )
    if backend not in {"auto", "torch"}:
        message = f"The model in {folder} is a Hugging Face model: torch computes it, not {backend}."
        raise BadSetting(message)
    theirs = importlib.import_module(HUGGING_FACE).load(folder, precision=precision, threads=threads)
    return make(
        theirs.backend,
        theirs.tokenizer,
        encoder_id=theirs.encoder_id,
        width=theirs.width,
        edges=theirs.edges,
        longest=theirs.longest,
        prepare=without_surrogates,
    )


def choose_backend(
    wanted: str,
    precision: str,
    *,
    machine: Callable[[], frozenset[str]] | None = None,
    installed: Callable[[Runtime], bool] = Runtime.installed,
) -> str:
    """Return the name of a runtime that is installed and computes with a precision.

    Args:
        wanted: One of ``RUNTIMES``, or ``auto``.
        precision: ``bf16``, ``fp32``, ``int8`` or ``auto``.
        machine: Tells what the machine has; looks at this one by default.
        installed: Tells whether a runtime is installed.

    Raises:
        BadSetting: If there is none.
    """
    if wanted == "auto":
        wanted = _suitable(precision, machine or abilities, installed)
    runtime = RUNTIMES.get(wanted)
    if runtime is None:
        message = f"Unknown backend '{wanted}'; choose auto or one of {', '.join(RUNTIMES)}."
        raise BadSetting(message)
    if precision not in {"auto", *runtime.precisions}:
        able = [name for name, one in RUNTIMES.items() if precision in one.precisions]
        hint = f" That is computed by {' and '.join(able)}." if able else ""
        choices = f"auto, {' or '.join(runtime.precisions)}"
        message = f"The backend {wanted} has no precision '{precision}'; choose {choices}.{hint}"
        raise BadSetting(message)
    if not installed(runtime):
        message = f"The backend {wanted} is not installed; run: pip install 'textcx[{runtime.extra}]'"
        raise BadSetting(message)
    return wanted


def abilities() -> frozenset[str]:
    """Return what this machine has, of ``card`` (a graphics card), ``bf16`` and ``integers`` (fast products).

    PyTorch is not asked: importing it takes seconds, and on some machines another runtime is chosen.
    """
    found = {"card": GRAPHICS_CARD.exists(), "bf16": computes_bf16(), "integers": computes_integers_fast()}
    return frozenset(name for name, there in found.items() if there)


def _suitable(precision: str, machine: Callable[[], frozenset[str]], installed: Callable[[Runtime], bool]) -> str:
    """Return the runtime that suits the machine best; one that is not installed only if no other has the precision."""
    able = [name for name, one in RUNTIMES.items() if precision in one.precisions]
    if precision != "auto":
        return next((name for name in able if installed(RUNTIMES[name])), able[0] if able else "torch")
    has = machine()
    integers_suit = "integers" in has and not has & {"card", "bf16"}
    return "openvino" if integers_suit and installed(RUNTIMES["openvino"]) else "torch"
