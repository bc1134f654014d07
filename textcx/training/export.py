"""Write a trained encoder as a model folder: half-precision weights, tokenizer, and ``model.toml``."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_file

from textcx.training.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tokenizers import Tokenizer

    from textcx.engines.encoder.network import EncoderNetwork

LIBRARIES = ("torch", "tokenizers", "safetensors", "numpy")


def export_model(
    out: Path,
    *,
    network: EncoderNetwork,
    tokenizer: Tokenizer,
    calibration: Mapping[str, float | list[float]],
    plan: Mapping[str, object],
    choice: Mapping[str, object],
    teacher: Mapping[str, object] | None = None,
    model_version: int = 2,
) -> Path:
    """Write the folder; what is there already is replaced.

    Args:
        out: Where to.
        network: The trained network.
        tokenizer: Its tokenizer; truncation and padding are taken out.
        calibration: What :func:`textcx.training.calibrate.calibrate` found.
        plan: Settings of the run, the seed among them.
        choice: Measures on the development sets that chose this checkpoint.
        teacher: Settings of the teacher's run, if there was one.
        model_version: Goes up when the weights are replaced.

    Returns:
        ``out``.
    """
    out.mkdir(parents=True, exist_ok=True)
    weights = out / "weights.safetensors"
    save_file(
        {name: value.detach().to(torch.float16).contiguous() for name, value in network.state_dict().items()}, weights
    )
    weights.chmod(0o644)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    (out / "tokenizer.json").write_text(tokenizer.to_str(), encoding="utf-8")
    checksum = hashlib.sha256(weights.read_bytes()).hexdigest()
    lines = [
        "# Written by `textcx train sentiment`; change nothing by hand.",
        *_table("", {"name": "sentiment", "version": model_version, "labels": ["negative", "neutral", "positive"]}),
        *_table("weights", {"file": weights.name, "sha256": checksum, "format": "float16"}),
        *_table("network", asdict(network.shape)),
        *_table("calibration", calibration),
        *_table("training", plan),
        *(_table("training.teacher", teacher) if teacher else []),
        *_table("training.libraries", {name: version(name) for name in LIBRARIES}),
        *_table("training.development", choice),
        *_table(
            "start",
            {
                "name": "all-MiniLM-L6-v2",
                "licence": "Apache-2.0",
                "attribution": "sentence-transformers/all-MiniLM-L6-v2, from nreimers/MiniLM-L6-H384-uncased",
                "sha256": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            },
        ),
    ]
    for source in SOURCES:
        about = {
            "name": source.name,
            "licence": source.licence,
            "attribution": source.attribution,
            "most_each_epoch": source.each_epoch,
            "taught": source.taught,
        }
        lines += _table("data", about, many=True)
    (out / "model.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return out


def _table(name: str, values: Mapping[str, object], *, many: bool = False) -> list[str]:
    """Write one table of TOML; strings, numbers and lists of strings look the same in JSON."""
    head = [] if not name else ["", f"[[{name}]]" if many else f"[{name}]"]
    return head + [f"{_key(key)} = {_value(value)}" for key, value in values.items()]


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() else json.dumps(key)


def _value(value: object) -> str:
    # TOML wants a digit on both sides of the point of 1e-12.
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("e-", ".0e-") if isinstance(value, float) and "." not in text and "e-" in text else text
