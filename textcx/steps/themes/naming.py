"""Name themes by what their members prove: "Waiting time on the phone", not a word that happens to be frequent.

Candidates are the names of matters that are known of many trades, the noun phrases that members share, and whatever a
namer proposes. A candidate covers a member if their matter vectors are near, or if the member says the phrase. A name
is worth what it covers of its theme, less what it covers of the others. Names are given away the most worthy first,
each once; a leaf that no name covers well enough has none: its segments have no clear theme.

Invariants, tested: names are unique, in whatever order or number of their words; no name holds a mask, profanity, only
praise or blame, or a date alone; the order of the texts inside a theme does not matter.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from textcx.domain.lexicons.naming import names_in, tokens
from textcx.steps.matters import ODDS_BY_VECTORS, SAID, matters_of, stems_of, weighed_by_words

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from textcx.domain.lexicons.language import Language
    from textcx.domain.lexicons.naming import NamingWords
    from textcx.domain.matters import KnownMatters
    from textcx.ports import Encoder, PhraseFinder, ThemeNamer

LEAST_WORTH = 0.15
"""Worth below which a candidate is no name: so much more of its own theme than of the others must it cover."""
KNOWN = 12
"""Known names that are candidates of a theme, the nearest first."""
SHARED, PHRASES, MOST_WORDS = 0.12, 8, 6
"""Share of a theme's texts that must say a phrase; so many phrases are candidates, of so many words at most."""
SAYING = 0.6
"""What a member that says a phrase counts: less than one that a name covers, since words have many uses."""
FITTING = re.compile(r"[^\W\d_](?:[\w'\u2019/&+-]| (?=[\w&]))*")


@dataclass(frozen=True, slots=True)
class ThemeWords:
    """What a theme is named from: texts of its members, the strongest first, with their matter vectors.

    ``keywords`` are only kept, not named from; ``size`` is its number of segments, ``proposed`` what a namer says.
    """

    texts: Sequence[str]
    vectors: NDArray[np.float32]
    keywords: Sequence[str]
    size: int
    proposed: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What names are found and proven with; ``encoder`` reads names.

    A ``namer``, where there is one, proposes names beside those that are found.
    """

    phrases: PhraseFinder
    words: NamingWords
    matters: KnownMatters
    encoder: Encoder
    namer: ThemeNamer | None = None

    def name(self, themes: Sequence[ThemeWords], *, taken: Collection[str] = ()) -> list[str | None]:
        """Name themes of one level, each differently; null where no name covers a theme well enough.

        Names that are ``taken`` are not given again.
        """
        if not themes:
            return []
        if self.namer is not None:
            asked = self.namer.propose([theme.texts for theme in themes], titles=False)
            themes = [
                replace(theme, proposed=[_shown(name) for name in names])
                for theme, names in zip(themes, asked, strict=True)
            ]
        brands = names_in(text for theme in themes for text in theme.texts)
        offered = _candidates(themes, self, brands)
        value = _values(themes, offered, self, brands)
        worth = [(value[number, name], name, number) for number, own in enumerate(offered) for name in own]
        found = _given_away(worth, len(themes), words=self.words, taken=taken)
        if self.namer is not None:
            self.namer.accept(sum(name in theme.proposed for name, theme in zip(found, themes, strict=True)))
        return found

    def notes(self) -> tuple[str, ...]:
        """Sentences for the reader: what the namer did not answer."""
        return () if self.namer is None else self.namer.notes()


def naming_with(language: Language, *, phrases: PhraseFinder, encoder: Encoder) -> Naming:
    """Return what names in a language are found and proven with, among it what is known of many trades."""
    matters = matters_of(language, encoder)
    return Naming(phrases=phrases, words=language.naming, matters=matters, encoder=encoder)


def _values(
    themes: Sequence[ThemeWords], offered: Sequence[Sequence[str]], tools: Naming, brands: frozenset[str]
) -> dict[tuple[int, str], float]:
    """Share of its theme that each name covers, less the share of the others, by theme and name."""
    names = list(dict.fromkeys(name for own in offered for name in own))
    vectors = np.concatenate([theme.vectors for theme in themes])
    covered = tools.matters.near(vectors @ tools.encoder.encode(names).matters.T)
    bounds = np.cumsum([0, *(len(theme.texts) for theme in themes)])
    particular = dict(zip(tools.matters.names, tools.matters.name_words, strict=True))
    for theme, start in zip(themes, bounds.tolist(), strict=False):
        rows = slice(start, start + len(theme.texts))
        heard = Counter(stem for text in theme.texts for stem in stems_of(text, tools.words, names=brands))
        least = SAID * len(theme.texts)
        odds = [
            min(
                (factor for word, factor in particular.get(name, {}).items() if heard[word] < least),
                default=ODDS_BY_VECTORS[0],
            )
            for name in names
        ]
        covered[rows] = weighed_by_words(covered[rows], np.array(odds, dtype=np.float32))
    said = [_says(text) for theme in themes for text in theme.texts]
    for column, name in enumerate(names):
        covered[:, column] = np.maximum(covered[:, column], [SAYING * (_says(name) in text) for text in said])
    shares = np.stack([covered[start:stop].mean(axis=0) for start, stop in itertools.pairwise(bounds)])
    sizes = np.array([theme.size for theme in themes], dtype=np.float64)
    elsewhere = (sizes @ shares - sizes[:, None] * shares) / np.maximum(sizes.sum() - sizes, 1.0)[:, None]
    value = np.round(shares - elsewhere, 4)
    return {
        (number, name): float(value[number, column])
        for number in range(len(themes))
        for column, name in enumerate(names)
    }


def _given_away(
    worth: Sequence[tuple[float, str, int]], count: int, *, words: NamingWords, taken: Collection[str]
) -> list[str | None]:
    """Give names to the themes for which they are worth most, each once."""
    used = {words.same_words(name) for name in taken}
    names: list[str | None] = [None] * count
    for value, name, number in sorted(worth, key=lambda one: (-round(one[0], 4), one[2], one[1])):
        if value >= LEAST_WORTH and names[number] is None and words.same_words(name) not in used:
            names[number] = name
            used.add(words.same_words(name))
    return names


def _candidates(themes: Sequence[ThemeWords], tools: Naming, brands: frozenset[str]) -> list[list[str]]:
    """Names that each theme could have."""
    phrases, matters, words = tools.phrases, tools.matters, tools.words
    found = iter(phrases.phrases([text for theme in themes for text in theme.texts]))
    offered = []
    for theme in themes:
        mean = np.asarray(matters.near(theme.vectors @ matters.name_vectors.T).mean(axis=0))
        nearest = [matters.names[place] for place in np.argsort(-np.round(mean, 5), kind="stable")[:KNOWN]]
        counts: Counter[str] = Counter()
        for text in theme.texts:
            nouns = (phrase for phrase in next(found) if phrase.kind == "noun")
            counts.update({_shown(text[phrase.start : phrase.end]) for phrase in nouns})
        least = max(2.0, SHARED * len(theme.texts))
        said = sorted((-count, name) for name, count in counts.items() if count >= least)
        shared = [name for _, name in said if presentable(name, words) and brands.isdisjoint(tokens(name))]
        proposed = [name for name in theme.proposed if presentable(name, words)]
        offered.append(list(dict.fromkeys([*proposed, *nearest, *shared[:PHRASES]])))
    return offered


def presentable(name: str, words: NamingWords) -> bool:
    """Tell whether a phrase may be a name: few words, of letters and figures, that name anything fit to print."""
    found = tokens(name)
    unfit = words.profanity | words.evaluations
    masked = any(len(set(word)) == 1 for word in found)  # XXXX
    readable = any(words.letters.issuperset(word.replace("-", "").replace("'", "")) for word in found)
    if masked or not readable or not FITTING.fullmatch(name) or not 0 < len(found) <= MOST_WORDS or unfit & set(found):
        return False
    return not all(len(word) < 3 or word in words.empty or word in words.dates for word in found)  # noqa: PLR2004


def _shown(phrase: str) -> str:
    """A phrase as it stands in a list of names: the first letter large."""
    plain = " ".join(phrase.split())
    return plain[:1].upper() + plain[1:] if plain.islower() or plain.isupper() else plain


def _says(text: str) -> str:
    """Words of a text between spaces, in lower case, so that a phrase is found in them."""
    return f" {' '.join(tokens(text))} "
