"""Names of groups of pains: what sets a group apart, else what happened, else the theme."""

from functools import partial

from languages import STATEMENTS

from textcx.steps.pains.statements import name_by_words, name_group, spread_over_themes

name_group = partial(name_group, statements=STATEMENTS)
name_by_words = partial(name_by_words, statements=STATEMENTS)


def _frame(
    aspects: list[str | None], reasons: list[list[str]], themes: list[str | None] | None = None
) -> dict[str, list[object]]:
    n = len(aspects)
    return {
        "aspect": list(aspects), "reasons": list(reasons), "record_id": [f"r{k}" for k in range(n)],
        "segment_id": [f"s{k}" for k in range(n)], "theme_id": list(themes or ["t"] * n),
        "statement": [f"The {aspect} was out of order again" for aspect in aspects],
    }  # fmt: skip


def test_the_aspect_most_records_share_names_a_group() -> None:
    assert name_group(_frame(["lift", "lift", "soup"], [[]] * 3), [0, 1, 2], {}, "stairs", set()) == "lift"


def test_without_a_shared_aspect_what_happened_names_a_group() -> None:
    reasons = [["long wait"], ["long wait"], ["long wait", "intensity: strong words"]]
    assert name_group(_frame([None] * 3, reasons), [0, 1, 2], {}, "arrived quickly", set()) == "long wait"
    reasons = [["consequence: returned"]] * 3
    assert name_group(_frame([None] * 3, reasons), [0, 1, 2], {}, "sale", set()) == "returned"


def test_intensity_and_wishes_are_not_what_happened() -> None:
    reasons = [["intensity: strong words", "asked for: something is missing"]] * 3
    assert name_group(_frame([None] * 3, reasons), [0, 1, 2], {}, "stairs", set()) == "stairs"


def test_a_noun_that_stands_in_most_themes_names_the_offer_and_not_the_group() -> None:
    themes = [f"t{k}" for k in range(9)]
    spread = spread_over_themes(_frame(["app"] * 9 + ["lift"], [[]] * 10, [*themes, "t1"]))  # type: ignore[arg-type]
    assert spread == {"app": 1.0, "lift": 1 / 9}
    assert name_group(_frame(["app"] * 3, [[]] * 3), [0, 1, 2], spread, "login", set()) == "login"


def test_with_few_themes_nothing_stands_everywhere() -> None:
    assert spread_over_themes(_frame(["app", "app"], [[], []], ["t1", "t2"])) == {"app": 0.0}  # type: ignore[arg-type]


def test_a_name_already_taken_is_never_given_again() -> None:
    frame = _frame(["lift"] * 2, [[]] * 2)
    words = name_by_words(frame, [0, 1])
    assert name_group(frame, [0, 1], {}, "stairs", {"lift"}) == "stairs"
    assert name_group(frame, [0, 1], {}, "stairs", {"lift", "stairs"}) == words
    assert name_group(frame, [0, 1], {}, "stairs", {"lift", "stairs", words}) not in {"lift", "stairs", words}
