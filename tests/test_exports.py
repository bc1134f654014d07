"""What the packages offer by name, and the commands: what is added or taken away here is told in the changelog."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from textcx.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[1]
ROOTS = (CHECKOUT / "textcx", CHECKOUT / "api", CHECKOUT / "client" / "textcx_client")
EXPORTS = {
    "textcx": {"Analysis", "TextcxError", "__version__", "analyze", "load", "sentiment"},
    "textcx.cli": {"app", "main"},
    "textcx.evaluation": {"KNOWN_SETS", "as_markdown", "as_text", "evaluate", "tables"},
    "textcx.readers": {"open_feedback", "parse_rating", "plan_columns"},
    "textcx_client": {
        "SIGNATURE",
        "AnalyzedItem",
        "BadSetting",
        "BadSignature",
        "Batch",
        "Client",
        "Dataset",
        "Delivery",
        "Driver",
        "FailedItem",
        "Info",
        "InvalidParam",
        "Item",
        "Job",
        "JobFailed",
        "JobStillRuns",
        "KeptRecord",
        "NewWebhook",
        "PainPoint",
        "Quote",
        "Rating",
        "Readiness",
        "Receipt",
        "Record",
        "RecordDetail",
        "Retries",
        "Rows",
        "Segment",
        "ServiceError",
        "ServiceUnreachable",
        "Sheet",
        "Stage",
        "Text",
        "TextcxError",
        "Theme",
        "Trend",
        "TriageDetail",
        "TriageEntry",
        "Webhook",
        "WrongUse",
        "__version__",
        "verify_signature",
    },
}
COMMANDS = {
    "analyze", "db upgrade", "evaluate", "inspect", "keys create", "keys list", "keys revoke", "report", "sentiment",
    "serve", "themes diff", "themes edit", "themes export", "themes learn", "themes show", "train matters", "train sentiment", "verify", "worker",
}  # fmt: skip


def packages_with_exports() -> set[str]:
    return {
        ".".join(path.parent.relative_to(root.parent).parts)
        for root in ROOTS
        for path in root.rglob("__init__.py")
        if "\n__all__ =" in path.read_text(encoding="utf-8")
    }


def commands_of(command: Any, *, before: str = "") -> Iterator[str]:
    for name, each in command.commands.items():
        if hasattr(each, "commands"):
            yield from commands_of(each, before=f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_package_that_exports_names_is_in_the_table() -> None:
    assert packages_with_exports() == set(EXPORTS)


@pytest.mark.parametrize("package", EXPORTS)
def test_a_package_exports_these_names_and_no_others(package: str) -> None:
    module = import_module(package)
    assert len(module.__all__) == len(set(module.__all__))
    assert set(module.__all__) == EXPORTS[package]
    assert {name for name in module.__all__ if not hasattr(module, name)} == set()


def test_the_command_line_has_these_commands_and_no_others() -> None:
    assert set(commands_of(typer.main.get_command(app))) == COMMANDS
