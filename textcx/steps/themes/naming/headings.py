"""Headings for themes whose children share no word: "bust, sleeves and shoulders", after what the largest parts say.

A heading joins the subjects of two or three themes below, none of them above another. It is worth the more, the larger
the share of the theme that says one of them, and the larger the parts that they name.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from textcx.steps.themes.naming.options import MORE_THAN_ELSEWHERE, MOST_WORDS, in_full, option_of, proposed_below
from textcx.steps.themes.naming.worth import Scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textcx.steps.themes.naming.book import Book, Candidate, ThemeWords
    from textcx.steps.themes.naming.options import Option
    from textcx.steps.themes.naming.worth import Tree

SUBJECTS = 2  # subjects of each theme below that are tried
TRIED = 14  # subjects of all of them that are, the best
PARTS = (2, 3)  # parts of a heading
JOINED = {2: 0.75, 3: 0.72}  # taste for a heading of so many parts
LEAST_PART = 0.05  # share of the theme that must say a part, and that must be said by no part before it
EVEN_PART = 0.4  # the same, as a share of what each of the finest themes below would hold if all were equal
OF_THE_SUBJECT = 0.6  # share of a theme below that must say what the whole feedback is about for a heading to name it


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a theme below is about: what it is worth there, its words, and the finest themes it stands for."""

    worth: float
    words: tuple[str, ...]
    candidate: Candidate
    node: int
    size: int
    everywhere: bool


def headings(scale: Scale, *, themes: Sequence[ThemeWords], tree: Tree, book: Book) -> Iterator[Option]:
    """Names for a theme that join the subjects of two or three themes below."""
    number = scale.number
    total = sum(themes[leaf].size for leaf in tree.under[number])
    found = [
        one for node in _below(number, tree) for one in _subjects(node, scale, themes=themes, tree=tree, book=book)
    ]
    found.sort(key=lambda one: (-one.worth * one.size**0.5, one.words, one.node))
    for parts in PARTS:
        for chosen in combinations(found[:TRIED], parts):
            if sum(len(one.words) for one in chosen) + 1 > MOST_WORDS or not _apart(chosen, scale, tree=tree):
                continue
            covered = sum(one.size for one in chosen) / max(1, total)
            worth = scale.worth([one.candidate for one in chosen], listed=True) * covered**0.5
            if worth > 0.0:
                yield option_of(JOINED[parts] * worth, _joined(chosen, book.naming.joint), book.naming)


def _least(scale: Scale, tree: Tree) -> float:
    """Share of the theme that must say a part; less where it has many parts."""
    return min(LEAST_PART, EVEN_PART / len(tree.under[scale.number]))


def _joined(chosen: Sequence[_Subject], joint: str) -> tuple[str, ...]:
    """The words of a heading, the largest part first: "bust, sleeves and shoulders"."""
    *listed, one, two = sorted(chosen, key=lambda each: (-each.size, each.words))
    words = [word for each in listed for word in (*each.words[:-1], f"{each.words[-1]},")]
    return (*words, *one.words, joint, *two.words)


def _below(number: int, tree: Tree) -> list[int]:
    return [each for child in tree.children[number] for each in (child, *_below(child, tree))]


def _apart(chosen: Sequence[_Subject], scale: Scale, *, tree: Tree) -> bool:
    """Whether subjects are of different themes, name different things, and each adds texts to the others."""
    for one, two in combinations(chosen, 2):
        if tree.under[one.node] & tree.under[two.node] or scale.naming.akin(one.words, two.words):
            return False
    candidates = [one.candidate for one in chosen if not one.everywhere]
    raised = [candidate.raised[scale.number] for candidate in candidates]
    least = max(2, _least(scale, tree) * scale.total)
    for candidate, mine in zip(candidates, raised, strict=True):
        if len(mine) < MORE_THAN_ELSEWHERE * scale.outside([candidate]) * scale.total:
            return False
    return all(len(mine.difference(*(other for other in raised if other is not mine))) >= least for mine in raised)


def _subjects(node: int, above: Scale, *, themes: Sequence[ThemeWords], tree: Tree, book: Book) -> list[_Subject]:
    """What a theme below is about, in one or two words, best first."""
    naming = book.naming
    scale = Scale(node, themes=themes, tree=tree, book=book)
    size = sum(themes[leaf].size for leaf in tree.under[node])
    found: dict[tuple[str, ...], _Subject] = {}
    raised = proposed_below(node, tree=tree, book=book)
    full = in_full(raised, scale, book)
    for candidate in raised:
        if len(candidate.raised.get(above.number, ())) < _least(above, tree) * above.total:
            continue
        words = candidate.words(node)
        if len(words) == 1:
            noun = naming.noun_of(words[0])
            if noun is not None:
                words = (noun,)
            elif naming.describes(words[0]) or not (candidate.kind == "gerund" or book.is_noun(words[0], least=0.4)):
                continue
            everywhere = scale.is_everywhere(candidate) or words[0] in naming.general_objects
            if words[0] in naming.vague or words[0] in full:
                continue
            if everywhere and scale.reach([candidate]) < OF_THE_SUBJECT:
                continue
        elif candidate.kind not in {"noun", "remark", "act"} or len(words) > 2 or set(words) & naming.evaluations:  # noqa: PLR2004
            continue
        worth = scale.worth([candidate]) * (1.0 if len(words) == 1 else 0.9 * scale.taste(candidate))
        if worth > 0.0 and (words not in found or worth > found[words].worth):
            found[words] = _Subject(worth, words, candidate, node, size, candidate.key == book.subject)
    return sorted(found.values(), key=lambda one: (-one.worth, one.words))[:SUBJECTS]
