"""A model folder: ``model.toml``, the weights it names, and ``tokenizer.json``; checked before anything is used."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from textcx.domain.errors import ModelProblem
from textcx.engines.encoder.reader import Calibration

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = "model.toml"
"""The file that says what a model folder holds."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What a checked model folder holds.

    Attributes:
        encoder_id: Name, version and the first digits of the weights' checksum.
        weights: The safetensors file.
        checksum: SHA-256 of the weights, in hexadecimal.
        network: Sizes of the network, by name.
        calibration: How logits become probabilities.
        tokenizer: The network's own.
    """

    encoder_id: str
    weights: Path
    checksum: str
    network: dict[str, Any]
    calibration: Calibration
    tokenizer: Tokenizer


def open_model(model_dir: Path) -> ModelFolder:
    """Read a model folder and check its weights.

    Args:
        model_dir: The folder.

    Raises:
        ModelProblem: If a file is missing, damaged, or not what ``model.toml`` says.
    """
    about = _about(model_dir)
    try:
        weights = model_dir / about["weights"]["file"]
        checksum = hashlib.sha256(weights.read_bytes()).hexdigest()
        if checksum != about["weights"]["sha256"]:
            message = (
                f"{weights} is damaged or of another version: its SHA-256 begins with {checksum[:12]}, "
                f"model.toml expects {about['weights']['sha256'][:12]}. Restore the model folder."
            )
            raise ModelProblem(message)
        return ModelFolder(
            encoder_id=f"{about['name']}-{about['version']}@sha256:{checksum[:12]}",
            weights=weights,
            checksum=checksum,
            network=about["network"],
            calibration=_calibration(about["calibration"]),
            tokenizer=Tokenizer.from_str((model_dir / "tokenizer.json").read_text(encoding="utf-8")),
        )
    except (OSError, KeyError, TypeError, ValueError) as problem:
        raise damaged(model_dir, problem) from problem


def damaged(model_dir: Path, problem: Exception) -> ModelProblem:
    """Return the error for a model folder that cannot be used."""
    return ModelProblem(f"The model in {model_dir} cannot be loaded: {problem}. Restore the model folder.")


def _calibration(values: dict[str, Any]) -> Calibration:
    """Build the calibration; lists of TOML become tuples."""
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return Calibration(**plain)


def _about(model_dir: Path) -> dict[str, Any]:
    path = model_dir / ABOUT
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        message = f"{path} cannot be read: {problem}. Restore the model folder."
        raise ModelProblem(message) from problem
