"""Load an encoder on the runtime that suits the machine, or on the one asked for.

What suits was measured; ``docs/decisions/0008-backends.md`` has the figures. PyTorch wherever the machine computes
bfloat16; OpenVINO's int8, if it is installed, on processors that only multiply integers fast; else PyTorch in float32.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from textcx.domain.errors import BadSetting
from textcx.engines.encoder.hub import find_model
from textcx.engines.encoder.model_folder import ABOUT, open_model
from textcx.engines.encoder.reader import BatchedEncoder

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Runtime:
    """A backend that may be installed: what loads a model folder, and what it computes with, besides ``auto``."""

    load: str
    needs: tuple[str, ...]  # packages, which the extra of its name installs
    precisions: tuple[str, ...]

    def installed(self) -> bool:
        """Return whether its packages are there."""
        return all(importlib.util.find_spec(package) is not None for package in self.needs)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far answers may be from those of PyTorch in float32."""

    probability: float  # largest change of any probability of any head
    mean: float  # mean change of a probability, over texts and heads
    labels: float  # largest share of texts whose most likely sentiment changes


BACKENDS = "textcx.engines.encoder.backends"
RUNTIMES = {
    "torch": Runtime(f"{BACKENDS}.torch:load", ("torch",), ("bf16", "fp32")),
    "openvino": Runtime(f"{BACKENDS}.openvino:OpenvinoBackend", ("openvino", "onnx"), ("int8", "fp32")),
    "onnx": Runtime(f"{BACKENDS}.onnx:OnnxBackend", ("onnxruntime", "onnx"), ("fp32", "int8")),
}  # in the order in which "auto" looks for a precision
TOLERANCES = {
    ("torch", "fp32"): Tolerance(0.001, 0.0001, 0.001),
    ("onnx", "fp32"): Tolerance(0.001, 0.0001, 0.001),
    ("openvino", "fp32"): Tolerance(0.001, 0.0001, 0.001),
    ("torch", "bf16"): Tolerance(0.03, 0.003, 0.005),
    ("onnx", "int8"): Tolerance(0.05, 0.004, 0.01),
    ("openvino", "int8"): Tolerance(0.05, 0.004, 0.01),
}
HUGGING_FACE = f"{BACKENDS}.transformers:load"
GRAPHICS_CARD = Path("/proc/driver/nvidia/version")
PROCESSOR = Path("/proc/cpuinfo")  # only Linux tells; elsewhere nothing is known, and what runs everywhere is taken
BF16 = {"amx_bf16", "avx512_bf16"}  # instructions for products in bfloat16
INTEGERS = {"avx512_vnni", "avx_vnni"}  # and of 8-bit integers


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

    Raises:
        ModelProblem: If there is no model, it is damaged, or a Hugging Face model is none of sentiment.
        BadSetting: If the backend or the precision is unknown, not installed, or cannot compute this model.
    """
    folder = find_model(model)
    if (folder / ABOUT).is_file():
        load = resolve_name(RUNTIMES[choose_backend(backend, precision)].load)
        own = open_model(folder)
        return BatchedEncoder(
            load(own, precision=precision, threads=threads),
            own.tokenizer,
            encoder_id=own.encoder_id,
            width=own.network["width"],
            calibration=own.calibration,
            has_branch=own.network.get("matter_layers", 0) > 0,
            small_batches=small_batches,
            between=between,
        )
    if backend not in {"auto", "torch"}:
        message = f"The model in {folder} is a Hugging Face model: torch computes it, not {backend}."
        raise BadSetting(message)
    theirs: BatchedEncoder = resolve_name(HUGGING_FACE)(
        folder, precision=precision, threads=threads, small_batches=small_batches, between=between
    )
    return theirs


def choose_backend(
    wanted: str,
    precision: str,
    *,
    machine: Callable[[], frozenset[str]] | None = None,
    installed: Callable[[Runtime], bool] = Runtime.installed,
) -> str:
    """Return the name of a runtime that is installed and computes with a precision; both may be ``auto``.

    Raises:
        BadSetting: If there is none.
    """
    able = [name for name, one in RUNTIMES.items() if precision in one.precisions]
    if wanted == "auto":
        if precision != "auto":
            wanted = next((name for name in able if installed(RUNTIMES[name])), able[0] if able else "torch")
        else:
            has = (machine or abilities)()
            integers_suit = "integers" in has and not has & {"card", "bf16"}
            wanted = "openvino" if integers_suit and installed(RUNTIMES["openvino"]) else "torch"
    runtime = RUNTIMES.get(wanted)
    if runtime is None:
        message = f"Unknown backend '{wanted}'; choose auto or one of {', '.join(RUNTIMES)}."
        raise BadSetting(message)
    if precision not in {"auto", *runtime.precisions}:
        hint = f" That is computed by {' and '.join(able)}." if able else ""
        choices = f"auto, {' or '.join(runtime.precisions)}"
        message = f"The backend {wanted} has no precision '{precision}'; choose {choices}.{hint}"
        raise BadSetting(message)
    if not installed(runtime):
        package = "textcx" if wanted == "torch" else f"textcx[{wanted}]"
        message = f"The backend {wanted} is not installed; run: pip install '{package}'"
        raise BadSetting(message)
    return wanted


def abilities() -> frozenset[str]:
    """Return what this machine has, of ``card`` (a graphics card), ``bf16`` and ``integers`` (fast products)."""
    try:  # asking PyTorch would take seconds of importing it
        flags = set(PROCESSOR.read_text(encoding="ascii", errors="replace").split())
    except OSError:
        flags = set()
    found = {"card": GRAPHICS_CARD.exists(), "bf16": flags & BF16, "integers": flags & INTEGERS}
    return frozenset(name for name, there in found.items() if there)
