"""How good is an encoder? Labels, probabilities, confidence, pain, requests, emotions, bias: on labelled data.

:func:`evaluate` measures, :func:`tables` lays the result out. Importing this package loads no torch.
"""

from textcx.evaluation.report import as_markdown, as_text, tables
from textcx.evaluation.run import KNOWN_SETS, evaluate

__all__ = ["KNOWN_SETS", "as_markdown", "as_text", "evaluate", "tables"]
