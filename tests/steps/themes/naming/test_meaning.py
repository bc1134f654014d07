from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from fakes import FakePhraseFinder
from languages import NAMING

from textcx.domain.encoding import Encoding
from textcx.steps.themes.geometry.lattice import on_lattice
from textcx.steps.themes.naming.meaning import Meanings, weigh
from textcx.steps.themes.naming.names import ThemeWords, name_tree
from textcx.steps.themes.naming.options import option_of
from textcx.steps.themes.naming.worth import grow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

name_tree = partial(name_tree, naming=NAMING)
weigh = partial(weigh, naming=NAMING)
option_of = partial(option_of, naming=NAMING)

WIDTH = 4
PLACES = {"parcel": 0, "box": 0, "courier": 1, "driver": 1}


class BySubject:
    """Implements the ``Encoder`` port: a text lies between the subjects that it names."""

    encoder_id = "by-subject"
    confident_at = 0.6
    precision = "fp32"

    def encode(self, texts: Sequence[str], *, vectors: bool = True) -> Encoding:
        found = np.full((len(texts), WIDTH), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for word in text.split():
                if word in PLACES:
                    found[row, PLACES[word]] += 1.0
        found /= np.linalg.norm(found, axis=1, keepdims=True)
        nothing = np.zeros(len(texts), dtype=np.float32)
        return Encoding(
            vectors=found if vectors else found[:0],
            matters=found if vectors else found[:0],
            sentiment=np.full((len(texts), 3), 1 / 3, dtype=np.float32),
            pain=nothing,
            request=nothing,
            emotions=np.zeros((len(texts), 4), dtype=np.float32),
            windows=np.ones(len(texts), dtype=np.int32),
        )

    def covers(self, titles: Sequence[str], remarks: Sequence[str]) -> NDArray[np.float32]:
        return np.full(min(len(titles), len(remarks)), np.nan, dtype=np.float32)


def meanings(*subjects: int) -> Meanings:
    centres = np.eye(WIDTH, dtype=np.float32)[list(subjects)]
    return Meanings(on_lattice(centres), np.zeros(WIDTH, dtype=np.float32), BySubject())


def best(*names: tuple[float, str], beside: int = 1) -> str:
    options = [option_of(worth, name.split()) for worth, name in names]
    found = weigh({0: options}, meanings(0, beside), tree=grow([None, None]))
    return " ".join(found[0][0].words)


def test_a_name_that_lies_where_its_theme_lies_wins_over_one_that_is_said_a_little_more() -> None:
    assert best((1.0, "courier"), (0.8, "parcel")) == "parcel"


def test_a_name_that_is_said_far_more_wins_all_the_same() -> None:
    assert best((1.0, "parcel courier"), (0.3, "parcel")) == "parcel courier"


def test_closeness_to_a_sibling_counts_against_a_name() -> None:
    names = (1.0, "parcel courier"), (0.6, "parcel")

    assert best(*names, beside=2) == "parcel courier"
    assert best(*names, beside=1) == "parcel"


def test_two_halves_that_mean_the_same_are_worth_less_than_one() -> None:
    assert best((1.1, "parcel and box"), (1.0, "parcel")) == "parcel"


def test_something_in_general_lies_where_the_thing_itself_does() -> None:
    names = [option_of(1.0, ("parcel", "in", "general")), option_of(1.0, ("parcel",))]

    (costs,) = weigh({0: names}, meanings(0), tree=grow([None])).values()

    assert costs[0].cost == costs[1].cost


def test_the_order_of_the_options_does_not_matter() -> None:
    options = [option_of(worth, (word,)) for worth, word in ((0.5, "parcel"), (0.5, "box"), (0.4, "courier"))]
    tree = grow([None, None])

    assert weigh({0: options}, meanings(0, 1), tree=tree) == weigh({0: options[::-1]}, meanings(0, 1), tree=tree)


def test_themes_without_any_option_are_named_all_the_same() -> None:
    empty = ThemeWords([], [], [], [])

    assert name_tree([empty], [None], phrases=FakePhraseFinder(), meanings=meanings(0)) == ["other remarks"]


def test_a_tree_is_named_by_meaning_where_an_encoder_is_given() -> None:
    texts = ["the box and a courier", "a box, a courier", "one box by courier", "courier", "the box"]
    theme = ThemeWords(texts, [0.0] * len(texts), texts, [])
    other = ThemeWords(["driver here", "a driver", "driver", "driver again"], [0.0] * 4, ["driver"], [])
    found = [
        name_tree([theme, other], [None, None], phrases=FakePhraseFinder(), meanings=meanings(subject, 3))[0]
        for subject in (0, 1)
    ]

    assert found == ["box", "courier"]
