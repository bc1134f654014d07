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
    "textcx.client": {
        "AnalyzedItem", "BadSignature", "Batch", "Client", "ClientNotInstalled", "Dataset", "Delivery", "Driver",
        "FailedItem", "Info", "InvalidParam", "Item", "Job", "JobFailed", "JobStillRuns", "KeptRecord", "NewWebhook",
        "PainPoint", "Quote", "Rating", "Readiness", "Receipt", "Record", "Retries", "Rows", "SIGNATURE", "Segment",
        "ServiceError", "ServiceUnreachable", "Sheet", "Stage", "Text", "Theme", "Trend", "TriageEntry", "Webhook",
        "verify_signature",
    },
    "textcx.evaluation": {"KNOWN_SETS", "as_markdown", "as_text", "evaluate", "tables"},
    "textcx.readers": {"open_feedback", "parse_rating", "plan_columns"},
    "textcx.training": {"train_encoder"},
}  # fmt: skip
COMMANDS = {
    "analyze", "db upgrade", "evaluate", "inspect", "keys create", "keys list", "keys revoke", "report", "sentiment",
    "serve", "themes diff", "themes edit", "themes learn", "themes show", "train sentiment", "verify", "worker",
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
