"""Read the container files as far as tests need it: instructions, ignored paths, variables."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[1]
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


class Instruction(NamedTuple):
    """One instruction of the Dockerfile, its lines joined, and the number of its stage."""

    word: str
    rest: str
    stage: int


@cache
def instructions() -> list[Instruction]:
    """Return the instructions of the Dockerfile in order; stage -1 is what stands before the first one."""
    lines = [
        line
        for line in (CHECKOUT / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if not line.lstrip().startswith("#")
    ]
    found: list[Instruction] = []
    stage = -1
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if not word:
            continue
        stage += word == "FROM"
        found.append(Instruction(word, " ".join(rest.split()), stage))
    return found


def last(word: str) -> str:
    """Return what the last instruction of a kind says."""
    return next(each.rest for each in reversed(instructions()) if each.word == word)


def words(instruction: str) -> list[str]:
    """Return the words of an instruction in its exec form, which needs no shell."""
    found = json.loads(last(instruction))
    assert isinstance(found, list)
    return found


def image_environment() -> dict[str, str]:
    """Return the variables that the image sets."""
    pairs = [pair for each in instructions() if each.word == "ENV" and each.stage == 1 for pair in each.rest.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def copied() -> list[str]:
    """Return the paths of the checkout that the build is given."""
    found: list[str] = []
    for each in instructions():
        if each.word == "COPY" and not each.rest.startswith("--from"):
            found += each.rest.split()[:-1]
    return found


@cache
def compose() -> dict[str, Any]:
    """Return compose.yaml with its anchors resolved and every variable at its default."""
    text = (CHECKOUT / "compose.yaml").read_text(encoding="utf-8")
    found = yaml.safe_load(_VARIABLE.sub(lambda match: match[2], text))
    assert isinstance(found, dict)
    return found


def examples() -> Iterator[list[str]]:
    """Give the words of each textcx command that the comments of compose.yaml show."""
    for line in (CHECKOUT / "compose.yaml").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") and "exec service textcx " in line:
            yield line.partition("exec service textcx ")[2].split()


def let_through(path: str) -> bool:
    """Say whether .dockerignore lets a path through: of the patterns that fit it or a folder above, the last counts."""
    whole = PurePosixPath(path)
    ignored = False
    for line in (CHECKOUT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pattern = line.strip().removeprefix("!")
        if any(_fits(each, pattern) for each in (whole, *whole.parents)):
            ignored = not line.startswith("!")
    return not ignored


def _fits(path: PurePosixPath, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return path.match(pattern.removeprefix("**/"))
    return len(path.parts) == len(PurePosixPath(pattern).parts) and path.match(pattern)


def seconds(duration: str) -> int:
    """Return the seconds of a duration such as ``80s``."""
    assert re.fullmatch(r"\d+s", duration), duration
    return int(duration[:-1])
