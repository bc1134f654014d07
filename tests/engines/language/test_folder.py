"""A language is a folder: what ships is complete, and what is wrong in another is said with folder, file and key."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest
from languages import ENGLISH, LANGUAGES, PAINS

from textcx.domain.errors import BadSetting, UnreadableInput
from textcx.domain.lexicons.journey import UNKNOWN
from textcx.domain.matters import UNTITLED
from textcx.engines.language.folder import FILES, MATTERS, journey_files, load_language

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Change = Callable[[str], str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of English that a test may change."""
    return shutil.copytree(LANGUAGES / "en", tmp_path / "xx")


def changed(folder: Path, file: str, change: Change) -> None:
    path = folder / file
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


@pytest.mark.parametrize("file", FILES)
def test_every_file_that_ships_is_explained_and_so_is_every_key(file: str) -> None:
    lines = (LANGUAGES / "en" / file).read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    first_table = next((n for n, line in enumerate(lines) if line.startswith("[[")), len(lines))
    keys = [n for n, line in enumerate(lines[:first_table]) if re.match(r"[a-z_]+ = |\[[a-z_]+\]$", line)]
    tables = [n for n in keys if lines[n].startswith("[")]
    for n in keys:
        if n in tables or n < min(tables, default=len(lines)):
            assert lines[n - 1].startswith("# ") or file == "journey.toml", lines[n]


def test_the_lexicon_that_ships_knows_the_consequences_people_ask_for() -> None:
    ids = {consequence.id for consequence in PAINS.consequences}
    assert {
        "left",
        "refund",
        "death",
        "harm",
        "danger",
        "money",
        "data",
        "repeated_contact",
        "long_wait",
        "blocked",
    } <= ids
    assert all(consequence.cues for consequence in PAINS.consequences)


def test_a_folder_that_is_none_is_refused_with_what_it_should_hold(tmp_path: Path) -> None:
    for where in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UnreadableInput, match=rf"{where} is no folder of a language; .*naming\.toml"):
            load_language(where)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_named_with_its_folder(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(UnreadableInput, match=rf"{folder} has no file {file}; expected are"):
        load_language(folder)


def test_an_unknown_file_is_named_with_its_folder(folder: Path) -> None:
    (folder / "verbs.toml").touch()
    with pytest.raises(BadSetting, match=rf"{folder} has a file verbs\.toml that is not known; expected are"):
        load_language(folder)


def without(key: str) -> Change:
    return lambda text: re.sub(rf"^{key} = ", f"{key}_ = ", text, flags=re.MULTILINE)


def instead(key: str, value: str) -> Change:
    pattern = rf"^{key} = (?:\"\"\".*?\"\"\"|\[.*?\]|[^\n]*)$"
    return lambda text: re.sub(pattern, lambda _: f"{key} = {value}", text, count=1, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("naming.toml", lambda text: f"vaguely = 1\n{text}", "naming.toml: 'vaguely' is no key; did you mean 'vague'?"),
        ("naming.toml", instead("vague", "3"), "naming.toml: 'vague' must be words, in one text or a list"),
        ("naming.toml", instead("vague", '""'), "naming.toml: 'vague' must be words, in one text or a list"),
        ("detection.toml", instead("lookalike", "[]"), "detection.toml: 'lookalike' must be a text; got list"),
        ("naming.toml", instead("roots", '[["a = b"]]'), "naming.toml: 'roots' must be a list of lists of rules"),
        ("naming.toml", lambda text: text.replace('wifi = "internet wi-fi"', "wifi = 1"), "'same' must be a table"),
        ("names.toml", instead("title", '["(mr"]'), "names.toml: 'title' holds no regular expression"),
        ("splitting.toml", instead("starters", '"but and"'), "splitting.toml: 'starters' must be a list of texts"),
        ("language.toml", lambda _: 'code = "xx"\nname = "X"\naliases = "x"', "language.toml has no key 'numbers'"),
        ("answers.toml", lambda _: "nothing = [", "answers.toml is not valid TOML"),
        ("consequences.toml", instead("weight", "'big'"), "consequence 1 needs 'weight' as a number; got str"),
        ("consequences.toml", instead("weight", "1.5"), "less than 1"),
        ("consequences.toml", instead("urgency", "200"), "expected 0 to 20"),
        ("consequences.toml", instead("actor", "'they'"), "expected one of customer, others"),
        ("consequences.toml", instead("negatable", "'no'"), "needs 'negatable' as true or false; got str"),
        ("consequences.toml", instead("always", "1"), "needs 'always' as true or false; got int"),
        ("consequences.toml", instead("cues", "['(gone']"), "(gone"),
        ("consequences.toml", instead("softeners", "['... bit']"), "begins or ends"),
        ("consequences.toml", instead("id", "'left'"), "more than once"),
        ("journey.toml", instead("id", "'unknown'"), "reserved"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_said_with_its_key(folder: Path, file: str, change: Change, message: str) -> None:
    changed(folder, file, change)
    with pytest.raises(BadSetting, match=re.escape(message)):
        load_language(folder)


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("answers.toml", "nothing"), ("consequences.toml", "softeners"), ("detection.toml", "common"),
        ("names.toml", "staff"), ("naming.toml", "stop_words"), ("phrases.toml", "fillers"),
        ("requests.toml", "clear"), ("splitting.toml", "starters"), ("statements.toml", "verb"),
    ],
)  # fmt: skip
def test_a_missing_key_is_named_with_folder_and_file(folder: Path, file: str, key: str) -> None:
    changed(folder, file, lambda text: re.sub(rf"^{key} = ", "ignored = ", text, flags=re.MULTILINE))
    with pytest.raises(BadSetting, match=rf"{folder / file}: 'ignored' is no key"):
        load_language(folder)
    changed(
        folder,
        file,
        lambda text: re.sub(r"^ignored = (?:\"{3}.*?\"{3}|\[.*?\]|[^\n]*)$", "", text, flags=re.MULTILINE | re.DOTALL),
    )
    with pytest.raises(BadSetting, match=rf"{folder / file} has no key '{key}'"):
        load_language(folder)


def test_titles_and_names_of_matters_are_read_in_their_order(folder: Path) -> None:
    (folder / MATTERS).write_text("title\tname\nLate parcel\tDelivery time\n-\tFriendliness\n", encoding="utf-8")
    assert load_language(folder).matters == (("Late parcel", "Delivery time"), (UNTITLED, "Friendliness"))


def test_missing_matters_are_named_with_their_path(folder: Path) -> None:
    (folder / MATTERS).unlink()
    with pytest.raises(UnreadableInput, match=rf"{folder / MATTERS} cannot be read as a table"):
        load_language(folder)


def test_matters_that_are_no_text_are_refused(folder: Path) -> None:
    (folder / MATTERS).write_bytes(b"\xff\xfe")
    with pytest.raises(UnreadableInput, match=rf"{folder / MATTERS} cannot be read as a table"):
        load_language(folder)


def test_an_empty_table_of_matters_is_refused(folder: Path) -> None:
    (folder / MATTERS).write_bytes(b"")
    with pytest.raises(BadSetting, match=rf"{folder / MATTERS} line 1 must hold a title and a name"):
        load_language(folder)


def test_every_title_and_name_that_ships_has_a_stage_of_every_journey_or_none() -> None:
    staged = {phrase for phrase, _ in ENGLISH.journey.matters}
    assert staged == {phrase for matter in ENGLISH.matters for phrase in matter} - {UNTITLED}
    for journey in load_language(LANGUAGES / "en", journey="auto").other_journeys:
        assert {stage for _, stage in journey.matters} == {*journey.stage_ids, UNKNOWN}, journey.name


@pytest.mark.parametrize("line", ["Late parcel", "Late parcel\t", "\tDelivery time", "Late\tparcel\tDelivery", ""])
def test_a_broken_line_of_matters_is_named_with_its_number(folder: Path, line: str) -> None:
    (folder / MATTERS).write_text(f"title\tname\nLate parcel\tDelivery time\n{line}\n", encoding="utf-8")
    with pytest.raises(BadSetting, match=rf"{folder / MATTERS} line 3 must hold a title and a name"):
        load_language(folder)


def test_a_journey_is_named_or_left_to_the_file_or_a_file_of_ones_own(folder: Path) -> None:
    assert load_language(folder).journey.name == load_language(folder, journey="generic").journey.name
    assert load_language(folder, journey="work").journey.stage_ids[0] == "recruiting"
    own = shutil.copy(folder / "journeys" / "work.toml", folder.parent / "ours")
    assert load_language(folder, journey=str(own)).journey.stage_ids[0] == "recruiting"


def test_only_where_it_is_left_to_the_file_are_there_other_journeys(folder: Path) -> None:
    auto = load_language(folder, journey="auto")
    assert auto.journey.name == load_language(folder).journey.name
    assert len(auto.other_journeys) == 6
    assert load_language(folder).other_journeys == load_language(folder, journey="work").other_journeys == ()


def test_a_language_without_sectors_has_its_own_journey_only(folder: Path) -> None:
    shutil.rmtree(folder / "journeys")
    assert load_language(folder, journey="auto").other_journeys == ()


@pytest.mark.parametrize("name", ["travel", "nope.toml", ""])
def test_a_journey_that_is_not_there_is_refused_with_those_that_are(folder: Path, name: str) -> None:
    with pytest.raises(BadSetting, match=rf"no journey '{name}'; name auto, generic, app_software, .*, work or a TOML"):
        journey_files(folder, name)


def test_another_language_needs_no_code(folder: Path) -> None:
    changed(folder, "language.toml", instead("code", '"de"'))
    changed(folder, "language.toml", instead("name", '"German"'))
    changed(folder, "answers.toml", instead("nothing", '["nichts"]'))

    german = load_language(folder)

    assert (german.code, german.name) == ("de", "German")
    assert german.answers.silent("Nichts!", has_question=False)
    assert not german.answers.silent("Nothing!", has_question=False)
    assert not ENGLISH.answers.silent("Nichts!", has_question=False)
