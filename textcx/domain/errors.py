"""Every error textcx raises on purpose, in one tree.

    TextcxError
    ├── WrongUse
    │   └── ColumnNotFound · NoTextColumn · OutputExists · BadSetting · NotFound · Conflict · BadCursor
    ├── StoreProblem
    │   └── DiskFull · LaterDatabase
    └── UnreadableInput · NothingToAnalyze · ShapeMismatch · ModelProblem · BrokenResult

An error says what came, what was expected and what to do. It never holds a verbatim.
"""


class TextcxError(Exception):
    """Base of every error textcx explains to its reader; exit code 1."""

    exit_code = 1


class WrongUse(TextcxError):
    """The request itself is wrong, such as a flag, setting or path: running it again cannot help; exit code 2."""

    exit_code = 2


class ColumnNotFound(WrongUse):
    """A column named in a flag or setting is not in the file."""


class NoTextColumn(WrongUse):
    """No column looks like customers' words, and none was named."""


class OutputExists(WrongUse):
    """The output directory exists and overwriting was not asked for."""


class BadSetting(WrongUse):
    """A setting is unknown, of the wrong type, or outside its range."""


class NotFound(WrongUse):
    """Nothing of that name or id is kept."""


class Conflict(WrongUse):
    """What is kept contradicts the request: a name taken, a key used for something else, a job that is not over."""


class BadCursor(WrongUse):
    """A cursor that no page of this very query gave."""


class StoreProblem(TextcxError):
    """The database cannot be reached, or its schema is of another version."""


class DiskFull(StoreProblem):
    """No room is left where the database or the spool is."""


class LaterDatabase(StoreProblem):
    """The schema of the database was made by a later version of textcx: waiting cannot help."""


class UnreadableInput(TextcxError):
    """An input that cannot be read at all: missing, empty, binary, in a wrong encoding."""


class NothingToAnalyze(TextcxError):
    """The input was read, but not one record could be analyzed."""


class ShapeMismatch(TextcxError):
    """Arrays or frames that should agree do not."""


class ModelProblem(TextcxError):
    """Model files are missing, damaged or made for another encoder."""


class BrokenResult(TextcxError):
    """A result directory contradicts itself or its sources."""
