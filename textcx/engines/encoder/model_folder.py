"""A model folder: ``model.toml``, the weights it names, and ``tokenizer.json``; checked before anything is used."""

from __future__ import annotations

import hashlib
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from tokenizers import Tokenizer

from textcx.domain.encoding import MeasuredErrors
from textcx.domain.errors import ModelProblem
from textcx.engines.encoder.reader import Calibration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ABOUT = "model.toml"  # the file that says what a model folder holds
ERRORS = "errors.toml"  # how often its decisions were right on labelled texts, where that was measured


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What a checked model folder holds."""

    encoder_id: str  # name, version and the first digits of the weights' checksum
    weights: Path
    checksum: str  # SHA-256 of the weights, in hexadecimal
    network: dict[str, Any]  # sizes, by name
    calibration: Calibration
    tokenizer: Tokenizer


def open_model(model_dir: Path) -> ModelFolder:
    """Read a model folder and check its weights.

    Raises:
        ModelProblem: If a file is missing, damaged, or not what ``model.toml`` says.
    """
    about = _about(model_dir / ABOUT)
    with explained(model_dir):
        weights = model_dir / about["weights"]["file"]
        checksum = hashlib.sha256(weights.read_bytes()).hexdigest()
        if checksum != about["weights"]["sha256"]:
            message = (
                f"{weights} is damaged or of another version: its SHA-256 begins with {checksum[:12]}, "
                f"model.toml expects {about['weights']['sha256'][:12]}. Restore the model folder."
            )
            raise ModelProblem(message)
        calibration: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in about["calibration"].items()
        }
        return ModelFolder(
            encoder_id=f"{about['name']}-{about['version']}@sha256:{checksum[:12]}",
            weights=weights,
            checksum=checksum,
            network=about["network"],
            calibration=Calibration(**calibration),
            tokenizer=Tokenizer.from_str((model_dir / "tokenizer.json").read_text(encoding="utf-8")),
        )


def measured_errors(model_dir: Path, *, encoder_id: str, pain_threshold: float) -> tuple[MeasuredErrors, ...]:
    """Read how often a model decided rightly on labelled texts: nothing where that was not measured on its weights.

    ``pain_threshold``: where pains begin, 0..1; what was measured of pains with another one says nothing.

    Raises:
        ModelProblem: If the file is damaged.
    """
    if not (model_dir / ERRORS).is_file():
        return ()
    content = _about(model_dir / ERRORS)
    with explained(model_dir):
        if content["encoder_id"] != encoder_id:
            return ()
        measured = [MeasuredErrors(**one) for one in content["measured"]]
        alike = content["pain_threshold"] == pain_threshold
        return tuple(one for one in measured if alike or one.decision != "pain")


@contextmanager
def explained(model_dir: Path) -> Iterator[None]:
    """Turn whatever a library says about the files of a model into a ``ModelProblem`` that names the folder."""
    try:
        yield
    except (OSError, ImportError, LookupError, TypeError, ValueError, RuntimeError, SafetensorError) as problem:
        message = f"The model in {model_dir} cannot be loaded: {problem}. Restore the model folder."
        raise ModelProblem(message) from problem


def _about(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        message = f"{path} cannot be read: {problem}. Restore the model folder."
        raise ModelProblem(message) from problem
