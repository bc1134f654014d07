"""Where the shipped models, taxonomies and word lists are."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from textcx.domain.errors import ModelProblem


def models_directory() -> Path:
    """Return where the shipped models and taxonomies are: in the installed package, or beside it in a checkout."""
    packaged = Path(str(files("textcx"))) / "_models"
    checkout = Path(str(files("textcx"))).parent / "models"
    for directory in (packaged, checkout):
        if directory.is_dir():
            return directory
    msg = f"the models are missing: neither {packaged} nor {checkout} is there; install textcx again"
    raise ModelProblem(msg)
