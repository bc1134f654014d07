"""Theme sets as directories: JSON, safetensors and Parquet, never pickle.

    set.json                     everything small; names the other files and their SHA-256
    vectors-HASH.safetensors     origin, prototypes, exceptions, sample
    members-HASH.parquet         which segment raises which theme
    sample-HASH.parquet          ids of the segments whose vectors are kept
    edits.jsonl                  people's edits, one a line, only ever added to

The set is kept and read as it was fitted, without its edits. Files are named after their content and ``set.json`` is
put in place last: a crash leaves the set as it was before, or as it is after. ``to_bytes`` and ``from_bytes`` do the
same for the database of the service.

Invariants, tested: a set comes back as it was saved; any damage to a file is noticed; a later version reads what an
earlier one wrote.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import zipfile
from contextlib import contextmanager
from dataclasses import asdict, fields
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from textcx.domain.errors import Conflict, ModelProblem, NotFound, OutputExists, WrongUse
from textcx.domain.matters import Nearness
from textcx.domain.themes.edits import Edit
from textcx.domain.themes.sets import (
    FORMAT,
    MEMBERS,
    Change,
    LineageEvent,
    SeedTopics,
    StrengthCurve,
    Theme,
    ThemeKind,
    ThemeSet,
)
from textcx.domain.version import __version__
from textcx.store.files import archive, damaged, put, table_bytes, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SET, EDITS = "set.json", "edits.jsonl"
_KINDS = {"vectors": "safetensors", "members": "parquet", "sample": "parquet"}
_SUFFIXES = {**_KINDS, "given": "safetensors"}
"""All files; that of given themes is there only where there are any."""
_GIVEN = {"origin": "float32", "prototypes": "float32"}
_VECTORS = {"origin": "float32", "prototypes": "float32", "exceptions": "float32", "sample": "float16"}
_damaged = partial(damaged, hint="bring back a copy of the theme set, or learn it again", error=ModelProblem)


def is_theme_set(directory: Path) -> bool:
    """Whether a directory holds a theme set."""
    return (directory / SET).is_file()


def save(theme_set: ThemeSet, directory: Path) -> None:
    """Write a set, or a later version of the one that is there; its edits stay.

    A set with edits applied is a copy for looking at and assigning to, such as an analysis keeps; it cannot be edited,
    and takes no set's place.

    Raises:
        OutputExists: If the directory is neither new nor empty, and holds no earlier version of this set.
        WrongUse: If edits were applied to the set, and the directory holds one: they would be applied twice.
    """
    if "edits" in theme_set.settings and is_theme_set(directory):
        msg = "edits were applied to this theme set; save it as it was fitted, its edits are kept beside it"
        raise WrongUse(msg)
    _check_place(theme_set, directory)
    directory.mkdir(parents=True, exist_ok=True)
    files = _files(theme_set)
    with _locked(directory) as handle:
        for name, content in files.items():  # SET is the last
            put(directory / name, content)
        os.fsync(handle)
        for path in directory.iterdir():
            if path.name not in files and _is_ours(path.name):
                path.unlink(missing_ok=True)


def to_bytes(theme_set: ThemeSet) -> bytes:
    """Return the files of a set in one uncompressed ZIP archive; the same set gives the same bytes."""
    return archive(_files(theme_set))


def from_bytes(content: bytes) -> ThemeSet:
    """Read what ``to_bytes`` made, as it was: no edits are applied.

    Raises:
        ModelProblem: If it is damaged, or a later version made it.
    """
    with (
        damaged("a stored theme set", "restore it from a backup, or learn the themes again", error=ModelProblem),
        zipfile.ZipFile(io.BytesIO(content)) as files,
    ):
        inside = zipfile.Path(files)
        return _put_together(inside, _read_index(inside))


def _files(theme_set: ThemeSet) -> dict[str, bytes]:
    """Contents of all files of a set by name, that of ``SET`` last."""
    contents = {
        "vectors": _tensors(theme_set, _VECTORS),
        "members": table_bytes(theme_set.members.select(pl.col(each).cast(kind) for each, kind in MEMBERS.items())),
        "sample": table_bytes(pl.DataFrame({"segment_id": theme_set.sample_ids}, schema={"segment_id": pl.String})),
    }
    if theme_set.seed_topics is not None:
        contents["given"] = _tensors(theme_set.seed_topics, _GIVEN)
    sums = {kind: hashlib.sha256(content).hexdigest() for kind, content in contents.items()}
    names = {kind: f"{kind}-{digest[:12]}.{_SUFFIXES[kind]}" for kind, digest in sums.items()}
    index = {
        "format": FORMAT,
        "textcx": __version__,
        "set_id": theme_set.set_id,
        "version": theme_set.version,
        "encoder_id": theme_set.encoder_id,
        "files": {kind: {"name": names[kind], "sha256": sums[kind]} for kind in contents},
        "curve": asdict(theme_set.curve),
        "settings": theme_set.settings,
        "owners": list(theme_set.owners),
        "exception_themes": list(theme_set.exception_themes),
        "given": None
        if theme_set.seed_topics is None
        else {
            "theme_ids": list(theme_set.seed_topics.theme_ids),
            "curve": asdict(theme_set.seed_topics.curve),
            "least": theme_set.seed_topics.least,
        },
        "themes": [asdict(theme) for theme in theme_set.themes],
        "history": [asdict(event) for event in theme_set.history],
    }
    files = {names[kind]: content for kind, content in contents.items()}
    return {**files, SET: (json.dumps(index, ensure_ascii=False, indent=1) + "\n").encode()}


def load(directory: Path, *, encoder_id: str | None = None) -> ThemeSet:
    """Read a set as it was fitted, which is what ``save`` and a new fit need.

    Raises:
        NotFound: If the directory holds no theme set.
        ModelProblem: If a file is missing or damaged, if a later version wrote it, or if the set was made with another
            encoder than ``encoder_id``.
    """
    _refuse_no_set(directory)
    found = _read(directory)
    if encoder_id is not None and found.encoder_id != encoder_id:
        msg = (
            f"{directory} was made with the encoder {found.encoder_id}, but the one in use is {encoder_id}; use the "
            "encoder that it was made with, or learn the themes again"
        )
        raise ModelProblem(msg)
    return found


def read_edits(directory: Path) -> list[Edit]:
    """Read the log of edits of a set, oldest first; none where there is no log.

    Raises:
        ModelProblem: If a line is no edit, or the numbers do not follow each other.
    """
    path = directory / EDITS
    if not path.exists():
        return []
    edits: list[Edit] = []
    with damaged(path, "bring back a copy of it", error=ModelProblem):
        lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            edits.append(Edit.from_line(line))
        except ValueError as error:
            msg = f"{path}, line {number}, is no edit: {error}; bring back a copy of the file, or remove the line"
            raise ModelProblem(msg) from None
        if edits[-1].number != number:
            msg = f"{path}, line {number}, holds edit {edits[-1].number}, expected {number}; lines are missing"
            raise ModelProblem(msg)
    return edits


def append_edits(directory: Path, edits: Sequence[Edit]) -> None:
    """Add edits, numbered on from the last one, to the log of a set.

    Raises:
        NotFound: If the directory holds no theme set.
        Conflict: If someone else has added an edit in the meantime.
        ModelProblem: If the log is damaged.
    """
    _refuse_no_set(directory)
    with _locked(directory) as handle:
        so_far = read_edits(directory)
        wanted = [edit.number for edit in edits]
        if wanted != list(range(len(so_far) + 1, len(so_far) + 1 + len(edits))):
            msg = (
                f"{directory} has {len(so_far)} edits now, so the next is {len(so_far) + 1}, not {wanted[0]}; someone "
                "else has edited the set, look at it again"
            )
            raise Conflict(msg)
        whole = "".join(edit.to_line() + "\n" for edit in (*so_far, *edits))
        put(directory / EDITS, whole.encode())
        os.fsync(handle)


@contextmanager
def _locked(directory: Path) -> Iterator[int]:
    """Let nobody else write to the set meanwhile; yields the open directory."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _check_place(theme_set: ThemeSet, directory: Path) -> None:
    if directory.exists() and not directory.is_dir():
        msg = f"{directory} is a file; name a directory for the theme set"
        raise OutputExists(msg)
    if is_theme_set(directory):
        there = _read_index(directory).get("set_id")
        if there != theme_set.set_id:
            msg = f"{directory} holds another theme set ({there}); choose another directory, or remove it first"
            raise OutputExists(msg)
    elif directory.is_dir() and not all(_is_ours(path.name) for path in directory.iterdir()):
        msg = f"{directory} holds something that is no theme set; choose another directory"
        raise OutputExists(msg)


def _is_ours(name: str) -> bool:
    """Whether a file is one that ``save`` leaves behind, finished or not."""
    plain = name.removesuffix(".draft")
    return any(plain.startswith(f"{kind}-") and plain.endswith(f".{ending}") for kind, ending in _SUFFIXES.items()) or (
        plain != name and plain in {SET, EDITS}
    )


def _refuse_no_set(directory: Path) -> None:
    if not is_theme_set(directory):
        what = "holds no theme set: there is no set.json" if directory.is_dir() else "is not there"
        msg = f"{directory} {what}; 'textcx themes learn' makes one"
        raise NotFound(msg)


def _read(directory: Path, *, attempts: int = 3) -> ThemeSet:
    """Read the set as it was fitted; once more if it was replaced while it was read."""
    index = _read_index(directory)
    try:
        return _put_together(directory, index)
    except ModelProblem:
        if attempts == 1 or _read_index(directory) == index:
            raise
        return _read(directory, attempts=attempts - 1)


def _read_index(directory: Path | zipfile.Path) -> dict[str, Any]:
    path = directory / SET
    with _damaged(path):
        index: dict[str, Any] = json.loads(path.read_bytes())
        if not isinstance(index["format"], int):
            raise TypeError
    if index["format"] > FORMAT:
        version = index.get("textcx", "of a later version")
        msg = (
            f"{directory} was written by textcx {version} in format {index['format']}; "
            f"this is textcx {__version__}, which reads up to format {FORMAT}; install a later version"
        )
        raise ModelProblem(msg)
    return index


def _put_together(directory: Path | zipfile.Path, index: dict[str, Any]) -> ThemeSet:
    content: dict[str, bytes] = {}
    for kind in (*_KINDS, "given") if index.get("given") else _KINDS:
        path = directory / SET
        with _damaged(path):
            name, sha256 = str(index["files"][kind]["name"]), index["files"][kind]["sha256"]
            if "/" in name or os.sep in name:
                raise ValueError
        path = directory / name
        with _damaged(path):
            content[kind] = path.read_bytes()
            if hashlib.sha256(content[kind]).hexdigest() != sha256:
                raise ValueError
    with _damaged(directory / SET):
        given = None
        if "given" in content:
            given = SeedTopics(
                theme_ids=tuple(map(str, index["given"]["theme_ids"])),
                curve=Nearness(**_known(index["given"]["curve"], Nearness)),
                least=float(index["given"]["least"]),
                **_arrays(content["given"], _GIVEN),
            )
        members = table_of(content["members"])
        found = ThemeSet(
            set_id=str(index["set_id"]),
            version=int(index["version"]),
            encoder_id=str(index["encoder_id"]),
            themes=tuple(_theme(each) for each in index["themes"]),
            owners=tuple(map(str, index["owners"])),
            curve=StrengthCurve(**_known(index["curve"], StrengthCurve)),
            members=members.select(pl.col(each).cast(kind) for each, kind in MEMBERS.items()),
            sample_ids=tuple(table_of(content["sample"])["segment_id"].to_list()),
            exception_themes=tuple(index["exception_themes"]),
            history=tuple(_event(each) for each in index["history"]),
            settings=dict(index["settings"]),
            seed_topics=given,
            **_arrays(content["vectors"], _VECTORS),
        )
        if not _agree(found):
            raise ValueError
    return found


def _agree(found: ThemeSet) -> bool:
    """Whether the parts of a set fit each other."""
    width = found.origin.shape
    shapes = {
        (found.prototypes.shape, (len(found.owners), *width)),
        (found.sample.shape, (len(found.sample_ids), *width)),
        (found.exceptions.shape, (len(found.exception_themes), *width)),
    }
    levels: dict[str | None, int] = {None: 0, **{theme.theme_id: theme.level for theme in found.themes}}
    if any(theme.level <= levels.get(theme.parent_theme_id, 0) for theme in found.themes):
        return False  # a tree has no circles
    ids = {theme.theme_id for theme in found.themes}
    named = {*found.owners, *found.exception_themes, *(theme.parent_theme_id for theme in found.themes), None}
    members = set(found.members["theme_id"].unique().to_list())
    return all(one == other for one, other in shapes) and (named | members) - {None} <= ids


def _theme(plain: Mapping[str, Any]) -> Theme:
    known = _known(plain, Theme)
    return Theme(**{**known, "kind": ThemeKind(known.get("kind", ThemeKind.FOUND))})


def _event(plain: Mapping[str, Any]) -> LineageEvent:
    known = _known(plain, LineageEvent)
    return LineageEvent(**{**known, "change": Change(known["change"])})


def _known(plain: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Return values with tuples for lists, without those that a later version may have added."""
    names = {each.name for each in fields(kind)}
    known = {name: value for name, value in plain.items() if name in names}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}


def _arrays(content: bytes, kinds: Mapping[str, str]) -> dict[str, Any]:
    try:
        arrays = load_tensors(content)
    except SafetensorError as error:
        raise ValueError from error
    return {name: arrays[name].astype(kind) for name, kind in kinds.items()}


def _tensors(whole: ThemeSet | SeedTopics, kinds: Mapping[str, str]) -> bytes:
    return bytes(
        save_tensors({name: np.ascontiguousarray(getattr(whole, name), dtype=kind) for name, kind in kinds.items()})
    )
