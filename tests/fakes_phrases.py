"""A phrase finder for tests: runs of up to three words that are neither glue nor praise, as nouns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textcx.ports import Phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

_GLUE = frozenset(
    """
    the a an and or but is are was were it its this that my our your i we they to of in on at for with very too so not
    no again always never still when after before came had has have be been by from great good bad poor
    """.split()  # noqa: SIM905 - a word list is easier to read and edit as words
)


class RunsOfWords:
    """Implements the ``PhraseFinder`` port without knowing any grammar."""

    def phrases(self, texts: Sequence[str]) -> list[list[Phrase]]:
        return [_runs(text) for text in texts]


def _runs(text: str) -> list[Phrase]:
    found: list[Phrase] = []
    run: list[re.Match[str]] = []
    for match in [*re.finditer(r"[^\W\d_]+|[^\w\s]", text), None]:
        if match is not None and match.group().isalpha() and match.group().lower() not in _GLUE and len(run) < 3:
            run.append(match)
            continue
        if run:
            start, end = run[0].start(), run[-1].end()
            found.append(Phrase(start, end, text[start:end].lower(), "noun"))
        run = []
    return found
