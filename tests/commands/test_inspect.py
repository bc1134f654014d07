from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl
from languages import ENGLISH

from textcx.commands.inspect import inspect, render
from textcx.domain.feedback import ColumnOverrides, Reason
from textcx.ports import LanguageGuess

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WISHES = ColumnOverrides()
CONTENT = (
    "id,comment,stars,region,user_id,date\n"
    "1,The delivery came two days late again,1,North,a,2025-01-05\n"
    "2,The delivery came two days late again,2,South,b,2025-02-06\n"
    "3,Die Lieferung kam wieder viel zu spaet,2,South,c,2025-02-07\n"
    "4,ok good,5,North,a,2025-03-08\n"
    "5,n/a,5,North,d,2025-03-09\n"
    "6,,4,South,e,2025-03-10\n"
    "7,it broke,1,North\n"
    "8,Works well and I am happy with it,9,South,f,2025-04-01\n"
)


class MarkedLanguages:
    """Calls texts with "Die" German, short ones undecided, all others English."""

    def detect(self, texts: Sequence[str]) -> list[LanguageGuess]:
        return [LanguageGuess("de" if "Die" in text else "en" if len(text) > 10 else None, 0.9) for text in texts]


inspect = partial(inspect, language=ENGLISH, languages=MarkedLanguages())


def written(folder: Path) -> Path:
    path = folder / "reviews.csv"
    path.write_text(CONTENT, encoding="utf-8")
    return path


def test_rows_add_up(tmp_path: Path) -> None:
    look = inspect(written(tmp_path), overrides=WISHES)
    assert look.rows == 8
    assert look.rows == look.usable + look.unprocessable.total()


def test_what_could_not_be_used_is_counted_by_reason(tmp_path: Path) -> None:
    look = inspect(written(tmp_path), overrides=WISHES)
    assert look.unprocessable == {
        Reason.EMPTY: 1, Reason.NOT_AN_ANSWER: 1, Reason.LANGUAGE_UNSUPPORTED: 1, Reason.UNREADABLE_ROW: 1,
    }  # fmt: skip
    assert [broken.where for broken in look.examples] == ["reviews.csv:8"]


def test_texts_too_short_to_tell_count_as_the_most_frequent_language(tmp_path: Path) -> None:
    look = inspect(written(tmp_path), overrides=WISHES)
    assert (look.languages, look.undecided) == ({"en": 4, "de": 1}, 1)


def test_duplicates_respondents_dates_and_ratings_are_counted(tmp_path: Path) -> None:
    look = inspect(written(tmp_path), overrides=WISHES)
    assert (look.duplicates, look.respondents) == (1, 6)
    assert f"{look.first_date:%Y-%m-%d} {look.last_date:%Y-%m-%d}" == "2025-01-05 2025-04-01"
    assert {name: answers.total() for name, answers in look.ratings.items()} == {"stars": 7}


def test_warnings_of_all_batches_are_one() -> None:
    frame = pl.DataFrame({"comment": [f"it was late {n}" for n in range(5_000)], "stars": ["1", "x"] * 2_500})
    look = inspect(frame, overrides=ColumnOverrides(ratings=("stars=stars:1-5",)))
    assert [warning for warning in look.warnings if warning.endswith(": 2500")] == list(look.warnings)


def test_nothing_said_to_a_known_question_is_an_answer() -> None:
    frame = pl.DataFrame({"How could we improve?": ["Nothing", "Answer the phone more quickly please"]})
    assert inspect(frame, overrides=WISHES).usable == 2


def test_the_rendering_names_everything_and_quotes_nobody(tmp_path: Path) -> None:
    page = render(inspect(written(tmp_path), overrides=WISHES))
    for expected in (
        "8 records, 4 can be analyzed",
        "rating stars",
        "English 4 (80.0%), German 1",
        "reviews.csv:8",
        "empty",
    ):
        assert expected in page
    assert "delivery came" not in page


def test_nothing_is_written(tmp_path: Path) -> None:
    path = written(tmp_path)
    inspect(path, overrides=WISHES)
    assert list(tmp_path.iterdir()) == [path]
