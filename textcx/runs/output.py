"""Where a result goes: checked before the work, kept apart while unfinished, moved into place in one step.

Nothing is ever removed that this program did not write: a directory is replaced only on request, and only when it is
empty or holds an earlier result; one that holds an input is never replaced.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.domain.errors import OutputExists, WrongUse

if TYPE_CHECKING:
    from collections.abc import Sequence

EXPORTED = "textcx.json"
"""File that says from what a model was exported."""

COMPLETE = ("manifest.json", "set.json", EXPORTED)
"""Files that are written last; a directory with one of them is a finished analysis, theme set or export."""


class Output:
    """The directory of a result and the place of its unfinished parts."""

    def __init__(self, out: Path, *, overwrite: bool, sources: Sequence[object] = (), flag: str = "--out") -> None:
        """Check that a result may go there; ``flag`` is what the user named the directory with.

        Raises:
            OutputExists: If ``out`` exists and is not to be replaced, or is no earlier result.
            WrongUse: If ``out`` can be no directory of its own, or holds one of ``sources``, the inputs.
        """
        self.out, self.flag = out.absolute(), flag
        self.overwrite = overwrite
        if not self.out.name or self.out == Path.cwd():
            msg = f"{out} cannot hold a result; name a directory of its own, such as {flag} result"
            raise WrongUse(msg)
        self.partial = partial_of(self.out)
        if self.out.parent.exists() and not self.out.parent.is_dir():
            msg = f"{self.out.parent} is a file, so {out} cannot be made; choose another {flag}"
            raise WrongUse(msg)
        for source in sources:
            if isinstance(source, (str, Path)) and self.out in Path(source).absolute().parents:
                msg = f"the input {source} lies in {out}; choose another {flag}, so that nothing of yours is replaced"
                raise WrongUse(msg)
        self.check()

    def check(self) -> None:
        """Raise ``OutputExists`` if something is in the way."""
        if not self.out.exists():
            return
        if not self.overwrite:
            msg = f"{self.out} exists already; add --overwrite to replace it, or choose another {self.flag}"
            raise OutputExists(msg)
        complete = any((self.out / name).is_file() for name in COMPLETE)
        if not self.out.is_dir() or not (complete or not any(self.out.iterdir())):
            msg = (
                f"{self.out} holds something that is no result of textcx, so it is not replaced, not even with "
                f"--overwrite; move it away or choose another {self.flag}"
            )
            raise OutputExists(msg)

    def take(self, result: Path) -> None:
        """Move a complete result into place, replacing an earlier one if ``overwrite``."""
        self.check()
        replaced = self.out.with_name(self.out.name + ".replaced.partial")
        if self.out.exists():
            shutil.rmtree(replaced, ignore_errors=True)
            self.out.rename(replaced)
        result.rename(self.out)
        shutil.rmtree(replaced, ignore_errors=True)


def partial_of(out: Path) -> Path:
    """Return the directory in which an unfinished run for ``out`` keeps its checkpoints."""
    return out.with_name(out.name + ".partial")
