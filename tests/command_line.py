"""The command line as a shell meets it, but in this process: what it imports and loads is there for the next test."""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest import mock

from textcx.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Finished:
    """How a command ended and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def textcx(*arguments: str | Path, stdin: bytes = b"") -> Finished:
    """Run ``textcx`` with some arguments to its end."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    code: object = 0
    with (
        mock.patch.object(sys, "argv", ["textcx", *map(str, arguments)]),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")),
        mock.patch.dict(os.environ, {"COLUMNS": "200"}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    return Finished(
        returncode=code if isinstance(code, int) else int(code is not None),
        stdout=out.buffer.getvalue().decode(), stderr=err.buffer.getvalue().decode(),
    )  # fmt: skip
