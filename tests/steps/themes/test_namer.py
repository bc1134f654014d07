"""What a language model proposes becomes a name of a theme only where it stands the proof of all names."""

from __future__ import annotations

import pytest
from fakes import FakeEncoder, FakeNamer, FakePhraseFinder
from languages import NAMING

from textcx.steps.matters import encoded_matters
from textcx.steps.themes.naming import Naming, ThemeWords

LATE = ["The parcel arrived late.", "My parcel never arrived.", "A driver was late again.", "No driver arrived."]
RUDE = [f"The {who} was rude to us." for who in ("waiter", "driver", "nurse", "clerk")]
ENCODER = FakeEncoder()


def words(texts: list[str]) -> ThemeWords:
    return ThemeWords(texts, ENCODER.encode(texts).matters, [], len(texts))


def named(namer: FakeNamer | None, *themes: list[str], taken: list[str] | None = None) -> list[str | None]:
    known = encoded_matters((("Music too loud", "Volume of music"),), ENCODER, NAMING)
    naming = Naming(phrases=FakePhraseFinder(), words=NAMING, matters=known, encoder=ENCODER, namer=namer)
    return naming.name([words(theme) for theme in themes], taken=taken or [])


def test_a_proposal_that_covers_its_theme_is_its_name() -> None:
    namer = FakeNamer({"parcel": ["parcel driver arrived late"]})
    first, second = named(namer, LATE, RUDE)
    assert first == "Parcel driver arrived late"
    assert second == named(None, LATE, RUDE)[1]
    assert namer.accepted == 1
    assert namer.shown == [LATE, RUDE]


@pytest.mark.parametrize(
    "nonsense",
    ["Volcanoes and lava", "Rude waiters everywhere", "\u2588\u2588\u2588 late", "12 parcels late", "Great", "Fucking parcels", "<b>parcel</b>", ""],
)  # fmt: skip
def test_what_does_not_cover_the_theme_or_is_not_fit_to_print_changes_nothing(nonsense: str) -> None:
    namer = FakeNamer({"parcel": [nonsense]})
    assert named(namer, LATE, RUDE) == named(None, LATE, RUDE)
    assert namer.accepted == 0


def test_a_name_that_is_taken_is_not_given_again_whoever_proposes_it() -> None:
    namer = FakeNamer({"parcel": ["Parcel driver arrived late"]})
    assert named(namer, LATE, RUDE, taken=["late parcel driver arrived"])[0] == named(None, LATE, RUDE)[0]
    assert namer.accepted == 0


def test_without_themes_nobody_is_asked() -> None:
    namer = FakeNamer({"parcel": ["Late parcels"]})
    assert named(namer) == []
    assert not namer.shown
