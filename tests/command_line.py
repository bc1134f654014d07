"""The command line as a shell meets it, but in this process: what it imports and loads is there for the next test."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest import mock

from textcx.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
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
        mock.patch.dict(os.environ, {"COLUMNS": "200"}),
        standard_input(stdin),
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


@contextmanager
def standard_input(content: bytes) -> Iterator[None]:
    """Let descriptor 0 and ``sys.stdin`` hold something, until the end of the block."""
    with tempfile.TemporaryFile() as file, os.fdopen(os.dup(0)) as before:
        file.write(content)
        file.seek(0)
        os.dup2(file.fileno(), 0)
        try:
            with open(0, encoding="utf-8", closefd=False) as stdin, mock.patch.object(sys, "stdin", stdin):
                yield
        finally:
            os.dup2(before.fileno(), 0)
