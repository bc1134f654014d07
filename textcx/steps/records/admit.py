"""Decide which records of a batch are new to a data set, and under which id each is kept for life.

A record is the same again if it has the same id and the same content; one without an id, if it has the same content as
the record of the same number among those of that content in its upload. What is the same is counted and not kept twice.
The same id with other content is kept under the id with a suffix from its content. The first to come keeps the plain
id, so that an id that was handed out never changes.

Invariants, tested: sending an upload again, whole or cut into other batches, admits nothing; no two admitted records
have one id; every row is admitted or counted as unchanged.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textcx.steps.records.ids import HASH_DIGITS, SUFFIX_DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    import polars as pl

LONGEST_ID = 200
"""Characters of an id that is kept as given; the rest of a longer one becomes a hash."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a row asks for: ``identity`` tells whether it is the same again, ``wanted`` is the id it would like."""

    row: int
    identity: str
    wanted: str
    suffixed: str
    content: str


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of a batch: the id of each row that is new, how many were unchanged, how many got a suffix."""

    record_ids: Mapping[int, str]
    identities: Mapping[int, str]
    unchanged: int
    conflicts: int


def claims(records: pl.DataFrame, *, earlier: Mapping[str, int]) -> tuple[list[Claim], dict[str, int]]:
    """Tell what each row asks for.

    Args:
        records: ``row`` (unique), ``given_id`` (nullable), ``content_hash``.
        earlier: How often each content without an id came in earlier batches of the upload.

    Returns:
        One claim per row, in the order of the rows, and how often each content without an id came in this batch.
    """
    seen: Counter[str] = Counter()
    found: list[Claim] = []
    for row, given, content in records.sort("row").select("row", "given_id", "content_hash").iter_rows():
        base = _shortened(given.strip()) if given else ""
        if base:
            suffixed = f"{base}~{content[:SUFFIX_DIGITS]}"
            found.append(Claim(row, _hash("given", base, content), base, suffixed, content))
            continue
        seen[content] += 1
        number = earlier.get(content, 0) + seen[content]
        wanted = f"r{content[:HASH_DIGITS]}" + (f"#{number}" if number > 1 else "")
        found.append(Claim(row, _hash("content", str(number), content), wanted, f"{wanted}~", content))
    return found, dict(seen)


def admit(asked: list[Claim], *, known: Collection[str], taken: Callable[[list[str]], Collection[str]]) -> Admission:
    """Admit the rows that are new.

    Args:
        asked: What the rows ask for.
        known: The identities among theirs that the data set has.
        taken: Tells which of some ids the data set has.

    Returns:
        Who was admitted and as what.
    """
    have = set(known)
    new: list[Claim] = []
    for claim in asked:
        if claim.identity not in have:
            have.add(claim.identity)
            new.append(claim)
    candidates = [_options(claim) for claim in new]
    used = set(taken([option for options in candidates for option in options]))
    record_ids: dict[int, str] = {}
    for claim, options in zip(new, candidates, strict=True):
        free = next(option for option in options if option not in used)
        used.add(free)
        record_ids[claim.row] = free
    return Admission(
        record_ids=record_ids,
        identities={claim.row: claim.identity for claim in new},
        unchanged=len(asked) - len(new),
        conflicts=sum(record_ids[claim.row] != claim.wanted for claim in new),
    )


def _options(claim: Claim) -> list[str]:
    """Ids that a row may get, the most welcome first; the last one can only be its own."""
    return [
        claim.wanted,
        claim.suffixed,
        f"{claim.wanted}~{claim.content[:HASH_DIGITS]}",
        f"{claim.wanted}~{claim.identity}",
    ]


def _shortened(given: str) -> str:
    if len(given) <= LONGEST_ID:
        return given
    return f"{given[: LONGEST_ID // 2]}~{_hash(given)[:HASH_DIGITS]}"


def _hash(*words: str) -> str:
    return hashlib.sha256("\x1f".join(words).encode("utf-8", "surrogatepass")).hexdigest()
