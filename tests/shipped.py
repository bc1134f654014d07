"""The shipped engines, loaded once for all tests of a process, and the main job with them."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textcx.commands import analyze as job
from textcx.runs.progress import StageClock
from textcx.settings.analysis import load_settings
from textcx.wiring.container import Container

if TYPE_CHECKING:
    import polars as pl

    from textcx.domain.analysis import Analysis
    from textcx.ports import Encoder
    from textcx.settings.analysis import Settings

ENGINES = ("encoder", "languages", "phrases", "redactor", "splitter")
READ_BY_ENGINES = ("backend", "precision", "threads", "redact", "keep_names", "encoder", "spacy_pipeline")


@cache
def engines() -> Container:
    """Return what builds the engines, each when it is first used."""
    return Container(load_settings())


def container_for(settings: Settings) -> Container:
    """Return a container with the engines of all others, which its settings must ask for."""
    for name in READ_BY_ENGINES:
        assert getattr(settings, name) == getattr(engines().settings, name), f"'{name}' needs engines of its own"
    container = Container(settings)
    for name in ENGINES:
        setattr(container, name, getattr(engines(), name))
    return container


def analyze(
    source: Path | pl.DataFrame | list[Path],
    *,
    out: Path | None = None,
    overwrite: bool = False,
    encoder: Encoder | None = None,
    **settings: Any,
) -> Analysis:
    """Do what ``textcx.analyze`` does, perhaps with another encoder."""
    chosen = load_settings(**settings)
    container = container_for(chosen)
    if encoder is not None:
        container.encoder = encoder
    with tempfile.TemporaryDirectory(prefix="textcx-") as folder:
        return job.analyze(
            source if isinstance(source, list) else [source], out=out or Path(folder) / "analysis", container=container, clock=StageClock(), overwrite=overwrite,
        )  # fmt: skip
