"""Where the shipped models, taxonomies and word lists are."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.domain.errors import ModelProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textcx.domain.lexicons.language import Language


def models_directory() -> Path:
    """Return where the shipped models and taxonomies are: in the installed package, or beside it in a checkout."""
    packaged = Path(str(files("textcx"))) / "_models"
    checkout = Path(str(files("textcx"))).parent / "models"
    for directory in (packaged, checkout):
        if directory.is_dir():
            return directory
    msg = f"the models are missing: neither {packaged} nor {checkout} is there; install textcx again"
    raise ModelProblem(msg)


@cache
def shared_language(folder: Path, journey: Path | None) -> Language:
    """Read a language once per process; ``journey`` takes the place of the folder's own journey taxonomy."""
    from textcx.engines.language.folder import load_language  # noqa: PLC0415 - loaded when first needed

    return load_language(folder, journey=journey)


def fingerprints(paths: Iterable[Path]) -> list[dict[str, str]]:
    """Return folder and name, and the SHA-256, of each path that is a file."""
    return [
        {"file": f"{path.parent.name}/{path.name}", "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in paths
        if path.is_file()
    ]
