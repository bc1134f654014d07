from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from textcx.domain.themes.edits import Action, Edit, effective, in_words, pack, unpack

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def edit(number: int, action: Action, **more: object) -> Edit:
    return Edit(number=number, when=NOON, action=action, version=1, **more)  # type: ignore[arg-type]


EDITS = [
    edit(1, Action.RENAME, themes=("t1",), name="späte Pakete", who="Ada"),
    edit(2, Action.MERGE, themes=("t1", "t2", "t3"), name="delivery"),
    edit(
        3, Action.SPLIT, themes=("t4",), parts=3, vectors=(pack(np.eye(3)[0]), pack(np.eye(3)[1]), pack(np.eye(3)[2]))
    ),
    edit(4, Action.TOGETHER, segments=("r1:0-4", "r2:0-9"), vectors=(pack(np.ones(3)), "")),
    edit(5, Action.PIN, themes=("t1",)),
    edit(6, Action.UNDO, undoes=2),
]


@pytest.mark.parametrize("one", EDITS, ids=lambda one: one.action)
def test_an_edit_comes_back_from_its_line(one: Edit) -> None:
    line = one.to_line()
    assert "\n" not in line
    assert Edit.from_line(line) == one


def test_times_are_written_in_utc() -> None:
    local = datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert (
        '"2026-03-01T12:00:00Z"' in Edit(number=1, when=local, action=Action.PIN, version=1, themes=("t1",)).to_line()
    )


def test_keys_of_later_versions_are_passed_over() -> None:
    line = EDITS[0].to_line().replace('"number": 1', '"number": 1, "mood": "merry"')
    assert Edit.from_line(line) == EDITS[0]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ("{}", "no action"),
        ('{"action": "sing", "number": 1}', "'sing', which this version does not know"),
        ('{"action": "pin", "number": 1}', "number, time or version"),
        ('{"action": "pin", "number": 1, "version": 1, "when": "2026-03-01T12:00:00Z"}', "a pin needs more"),
        (
            '{"action": "merge", "number": 1, "version": 1, "when": "2026-03-01T12:00:00Z", "themes": ["a"]}',
            "a merge needs more",
        ),
    ],
)
def test_a_line_that_is_no_edit_is_refused_with_the_reason(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Edit.from_line(line)


def test_what_was_undone_does_not_count() -> None:
    assert [one.number for one in effective(EDITS)] == [1, 3, 4, 5]


def test_an_undoing_that_was_undone_does_not_count_either() -> None:
    again = [*EDITS, edit(7, Action.UNDO, undoes=6)]
    assert [one.number for one in effective(again)] == [1, 2, 3, 4, 5]
    assert [one.number for one in effective([*again, edit(8, Action.UNDO, undoes=7)])] == [1, 3, 4, 5]


def test_a_vector_comes_back_as_it_was_packed() -> None:
    vector = np.array([0.5, -0.25, 0.125], dtype=np.float32)
    assert np.array_equal(unpack(pack(vector), width=3), vector)
    assert unpack("", width=3) is None


@pytest.mark.parametrize("text", ["!!", pack(np.ones(4)), pack(np.array([1.0, np.nan, 0.0])), "AAA="])
def test_a_damaged_vector_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a vector in it"):
        unpack(text, width=3)


def test_an_edit_can_be_said_in_words() -> None:
    told = [in_words(one, {"t1": "late", "t2": "slow", "t3": "rude"}) for one in EDITS]
    assert told == [
        "rename 'late' to 'späte Pakete'",
        "merge 'slow', 'rude' into 'late', named 'delivery'",
        "split 't4' into 3",
        "keep r1:0-4 and r2:0-9 together",
        "pin 'late'",
        "undo edit 2",
    ]
