"""A model folder as textcx keeps one, with the real tokenizer and a random network too small to be clever."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_file

from textcx.engines.encoder.network import EncoderNetwork, NetworkShape
from textcx.engines.encoder.reader import Calibration

if TYPE_CHECKING:
    from collections.abc import Mapping

SHIPPED = Path(__file__).resolve().parents[1] / "models" / "sentiment"
WIDTH = 64


def small_network(*, layers: int = 3, matter_layers: int = 2, seed: int = 5) -> EncoderNetwork:
    """Build a network with random weights, those of the branch's last layers too."""
    shape = NetworkShape(
        width=WIDTH, layers=layers, heads=2, inner_width=128, head_width=16, matter_layers=matter_layers
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = EncoderNetwork(shape)
        if matter_layers:
            network.matter.reset_parameters()
    return network.eval()


def save_small_model(folder: Path, network: EncoderNetwork, **calibration: float) -> Path:
    """Write the folder of a network; ``calibration`` changes what is calibrated, which is nothing by default."""
    folder.mkdir(parents=True)
    shutil.copy(SHIPPED / "tokenizer.json", folder)
    weights = folder / "weights.safetensors"
    save_file({name: value.detach().half().contiguous() for name, value in network.state_dict().items()}, weights)
    about = {
        "": {"name": "small", "version": 1},
        "weights": {"file": weights.name, "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()},
        "network": asdict(network.shape),
        "calibration": {**asdict(Calibration()), **calibration},
    }
    (folder / "model.toml").write_text("\n".join(map(_table, about, about.values())), encoding="utf-8")
    return folder


def _table(name: str, values: Mapping[str, object]) -> str:
    lines = [f"[{name}]"] if name else []
    for key, value in values.items():
        written = f'"{value}"' if isinstance(value, str) else str(list(value) if isinstance(value, tuple) else value)
        lines.append(f"{key} = {written}")
    return "\n".join(lines)
