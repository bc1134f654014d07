"""Find the folder of a model that a user names: a directory, or a model of the Hugging Face hub.

A model of the hub is taken from its local cache; only one that is not there is downloaded. That is the only thing that
textcx ever fetches, and nothing but the model's name is sent.
"""

from __future__ import annotations

import re
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError, RepositoryNotFoundError

from textcx.domain.errors import ModelProblem

HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]  # no weights that would have to be unpickled, and no code


def find_model(model: str | Path) -> Path:
    """Return the folder of a model: a directory, or a model of the hub as ``owner/name``.

    Raises:
        ModelProblem: If there is no such directory, it holds no model, or one of the hub can't be downloaded.
    """
    folder = Path(model)
    if not folder.is_dir():
        if HUB_NAME.fullmatch(str(model)):
            return _from_hub(str(model))
        message = f"There is no directory {model}. Name the directory of a model, or one of the hub as owner/name."
        raise ModelProblem(message)
    if not any((folder / name).is_file() for name in ("model.toml", "config.json")):
        message = (
            f"There is no model in {folder}: it holds neither model.toml, as an encoder trained by textcx does, nor "
            "config.json, as a Hugging Face model does."
        )
        raise ModelProblem(message)
    return folder


def _from_hub(name: str) -> Path:
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError:  # not in the cache, or not all of it
        pass
    try:
        return Path(snapshot_download(name, allow_patterns=FILES))
    except RepositoryNotFoundError as problem:
        message = f"There is no directory {name}, and the Hugging Face hub shows no model of that name."
        raise ModelProblem(message) from problem
    except Exception as problem:  # the errors of the hub's HTTP client are no part of its interface
        message = (
            f"There is no directory {name}, and no model of that name in the Hugging Face cache of this machine. The "
            "hub cannot be reached, so textcx is offline or told to be. Download the model where there is a network "
            f"('hf download {name} --local-dir DIR'), copy the directory here and name it: --model DIR"
        )
        raise ModelProblem(message) from problem
