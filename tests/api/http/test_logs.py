from __future__ import annotations

import io
import json
import sys

import pytest

from api.http.logs import log, set_up_logs


@pytest.fixture(autouse=True)
def _quiet_again() -> object:
    yield
    set_up_logs(form="json", level="error")


def test_a_line_goes_to_what_is_standard_error_when_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed standard error of before, such as that of a test that is over, gets no line and causes no noise."""
    before, now = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", before)
    set_up_logs(form="json", level="info")
    log("first", number=1)
    assert json.loads(before.getvalue())["number"] == 1
    before.close()
    monkeypatch.setattr(sys, "stderr", now)
    log("second", number=2)
    assert [json.loads(line)["event"] for line in now.getvalue().splitlines()] == ["second"]


def test_setting_logs_up_twice_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        set_up_logs(form="json", level="info")
    log("once")
    assert capsys.readouterr().err.count('"once"') == 1
