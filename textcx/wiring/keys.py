"""The installation's key for pseudonyms."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from textcx.domain.errors import ModelProblem

KEY_BYTES = 32


def respondent_key() -> bytes:
    """Return the installation's key for pseudonyms, made at first use and kept with the user's settings.

    ``TEXTCX_KEY_FILE`` names another place for it.
    """
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    path = Path(os.environ.get("TEXTCX_KEY_FILE") or home / "textcx" / "respondent.key")
    try:
        if not path.exists():
            _make_key(path)
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        msg = (
            f"the key for pseudonyms cannot be read from or made in {path} ({error}); "
            "set TEXTCX_KEY_FILE to a writable place"
        )
        raise ModelProblem(msg) from None
    if len(key) != KEY_BYTES:
        msg = f"{path} holds no key for pseudonyms ({len(key)} bytes, expected {KEY_BYTES}); remove it to get a new one"
        raise ModelProblem(msg)
    return key


def _make_key(path: Path) -> None:
    """Write a new key so that it is there whole or not at all, and only once if two processes try."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secrets.token_hex(KEY_BYTES))
        out.flush()
        os.fsync(out.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
