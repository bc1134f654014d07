"""Give every record an id that does not depend on where in the input it stood.

Without a given id, the id is a hash of the record's content; the same id with other content gets a suffix. In an
analysis the content's hash decides which keeps the plain id, so the order of the input never matters; in a data set it
is the first to come, so that an id that was handed out never changes.

In a data set, a record with the same id and content as one before is counted and not kept twice; so is one without an
id that has the same content as the record of the same number among those of that content in its upload.

Invariants, tested: sending an upload again, whole or cut into other batches, admits nothing; no two admitted records
have one id; every row is admitted or counted as unchanged.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

HASH_DIGITS = 16
SUFFIX_DIGITS = 6
LONGEST_ID = 200
"""Characters of an id that is kept as given; the rest of a longer one becomes a hash."""


def assign_ids(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Add a unique ``record_id`` to rows with ``row`` (unique), ``given_id`` (nullable) and ``content_hash``.

    Returns:
        The rows, and the number of given ids that came with more than one content.
    """
    base = pl.coalesce(
        pl.col("given_id").str.strip_chars().replace("", None),
        pl.lit("r") + pl.col("content_hash").str.head(HASH_DIGITS),
    ).alias("base")
    ranked = (
        rows.with_columns(base)
        .sort("base", "content_hash", "row")
        .with_columns(
            content=pl.col("content_hash").rank("dense").over("base"),
            occurrence=pl.int_range(pl.len()).over("base", "content_hash") + 1,
        )
    )
    conflicts = ranked.filter(pl.col("content") > 1)["base"].n_unique()
    suffix = pl.when(pl.col("content") > 1).then("~" + pl.col("content_hash").str.head(SUFFIX_DIGITS))
    number = pl.when(pl.col("occurrence") > 1).then("#" + pl.col("occurrence").cast(pl.String))
    named = ranked.with_columns(record_id=pl.concat_str("base", suffix, number, ignore_nulls=True))
    clash = pl.col("record_id").is_duplicated()
    if named.select(clash.any()).item():  # a given id that looks like one of our suffixes
        ours = clash & (pl.col("record_id") != pl.col("base"))
        longer = pl.col("record_id") + "+" + pl.col("content_hash").str.head(HASH_DIGITS)
        named = named.with_columns(record_id=pl.when(ours).then(longer).otherwise("record_id"))
    return named.drop("base", "content", "occurrence").sort("row"), conflicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What becomes of the rows of a batch.

    ``record_ids`` and ``identities`` (what makes a record the same again) are of the rows that are new. ``unchanged``
    counts rows that the data set has, ``conflicts`` those that could not get the id they would like, ``repeats`` how
    often each content without an id came in the batch.
    """

    record_ids: Mapping[int, str]
    identities: Mapping[int, str]
    unchanged: int
    conflicts: int
    repeats: Mapping[str, int]


def admit(
    records: pl.DataFrame,
    *,
    earlier: Mapping[str, int],
    known: Callable[[list[str]], Collection[str]],
    taken: Callable[[list[str]], Collection[str]],
) -> Admission:
    """Admit the rows that are new, in their order.

    ``earlier``: how often each content without an id came in earlier batches of the upload. ``known`` and ``taken``
    tell which of some identities, and of some ids, the data set has.
    """
    repeats: Counter[str] = Counter()
    identities: dict[int, str] = {}
    options: dict[int, list[str]] = {}
    for row, given, content in records.sort("row").select("row", "given_id", "content_hash").iter_rows():
        base = _shortened((given or "").strip())
        if base:
            identity, suffixed = _hash("given", base, content), f"{base}~{content[:SUFFIX_DIGITS]}"
        else:
            repeats[content] += 1
            number = earlier.get(content, 0) + repeats[content]
            base = f"r{content[:HASH_DIGITS]}" + (f"#{number}" if number > 1 else "")
            identity, suffixed = _hash("content", str(number), content), f"{base}~"
        identities[row] = identity
        # the most welcome first; the last one can only be its own
        options[row] = [base, suffixed, f"{base}~{content[:HASH_DIGITS]}", f"{base}~{identity}"]
    have = set(known(list(identities.values())))
    first = {identity: row for row, identity in reversed(identities.items())}
    new = {row: identity for row, identity in identities.items() if first[identity] == row and identity not in have}
    used = set(taken([option for row in new for option in options[row]]))
    record_ids: dict[int, str] = {}
    for row in new:
        record_ids[row] = next(option for option in options[row] if option not in used)
        used.add(record_ids[row])
    return Admission(
        record_ids=record_ids,
        identities=new,
        unchanged=len(identities) - len(new),
        conflicts=sum(record_ids[row] != options[row][0] for row in new),
        repeats=repeats,
    )


def _shortened(given: str) -> str:
    return given if len(given) <= LONGEST_ID else f"{given[: LONGEST_ID // 2]}~{_hash(given)[:HASH_DIGITS]}"


def _hash(*words: str) -> str:
    return hashlib.sha256("\x1f".join(words).encode("utf-8", "surrogatepass")).hexdigest()
