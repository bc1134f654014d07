"""A sequence classification model of Hugging Face, read from its folder.

It judges sentiment only. Its classes are mapped to ours by the names in its ``config.json``; where several mean the
same, as "1 star" and "2 stars" do, their probabilities are added up. Matters are the mean of the last hidden states.
Pain, request and emotions are NaN throughout, and no token is tagged.

Attention is the plain one ("eager"): the faster kernels round differently where a batch happens to have no padding, and
an answer must not depend on what it was read with. Weights are read from safetensors only, and no code of the model's.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

from textcx.domain.encoding import EMOTIONS, LABELS
from textcx.domain.errors import BadSetting, ModelProblem
from textcx.engines.encoder.batches import LENGTHS, Logits
from textcx.engines.encoder.model_folder import explained
from textcx.engines.encoder.readable import without_surrogates
from textcx.engines.encoder.reader import BatchedEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from transformers import PreTrainedConfig, PreTrainedModel

PRECISIONS = {"auto": torch.float32, "fp32": torch.float32, "bf16": torch.bfloat16}  # unknown: what bf16 would do
SPELLINGS = {
    "negative": re.compile(r"(very )?neg(ative)?|[12] stars?"),
    "neutral": re.compile(r"neu(tral)?|3 stars?"),
    "positive": re.compile(r"(very )?pos(itive)?|[45] stars?"),
}
"""How models name the classes, in lower case; ``_`` and ``-`` count as spaces."""
UNDERSTOOD = "negative, neutral and positive (also neg, neu, pos, very negative, very positive) and 1 star to 5 stars"
EDGES = 2  # tokens that a tokenizer puts around a text: one opens it, one closes it
SHORTEST_WINDOW = 64  # fewest tokens that a model must be able to read at once


class TransformersBackend:
    """Computes a model of Hugging Face with PyTorch, on the graphics card if there is one, in ``fp32`` or ``bf16``.

    ``classes`` is 1 where a class of the network (row) means one of ``LABELS`` (column); ``padding`` is a token's id.
    """

    name = "transformers"

    def __init__(self, network: PreTrainedModel, *, classes: torch.Tensor, padding: int) -> None:
        self.precision = "bf16" if network.dtype == torch.bfloat16 else "fp32"
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._network = network.eval().to(self._device)
        self._classes, self._padding = classes.to(self._device), padding

    def run(self, tokens: NDArray[np.int64], mask: NDArray[np.bool_]) -> Logits:
        """Read one batch; as ``PaddedBackend`` says."""
        with torch.inference_mode():
            real = torch.from_numpy(mask).to(self._device)
            ids = torch.from_numpy(tokens).to(self._device).masked_fill(~real, self._padding)
            output = self._network(input_ids=ids, attention_mask=real.long(), output_hidden_states=True)
            # A class that the model does not have gets probability 0: its logarithm is minus infinity.
            sentiment = (output.logits.float().softmax(-1) @ self._classes).log()
            words = output.hidden_states[-1].float() * real.unsqueeze(-1)
            vectors = torch.nn.functional.normalize(words.sum(1) / real.sum(1, keepdim=True), dim=-1)
            unknown = torch.full((len(tokens), 2 + len(EMOTIONS)), float("nan"))
            heads = (sentiment, unknown[:, 0], unknown[:, 1], unknown[:, 2:])
            parts = (*heads, vectors, unknown[:0], vectors[:0])
            return Logits(*(part.cpu().numpy() for part in parts))


def load(
    folder: Path, *, precision: str, threads: int | None, small_batches: bool, between: Callable[[], None] | None
) -> BatchedEncoder:
    """Load the model in a folder with ``config.json``, weights as safetensors, and the files of a tokenizer.

    ``threads`` are those of this process, None leaves them as they are; for the other options see ``load_encoder``.

    Raises:
        ModelProblem: If the model is damaged, of another task, with classes of another kind, or reads too few tokens.
        BadSetting: If the precision is unknown.
    """
    if precision not in PRECISIONS:
        message = f"A Hugging Face model has no precision '{precision}'; choose auto, fp32 or bf16."
        raise BadSetting(message)
    if threads is not None:
        torch.set_num_threads(threads)
    here: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    with explained(folder), _quietly():
        config = AutoConfig.from_pretrained(folder, **here)
        classes = _classes(config, folder)
        tokenizer = AutoTokenizer.from_pretrained(folder, **here)
        network, report = AutoModelForSequenceClassification.from_pretrained(
            folder,
            **here,
            dtype=PRECISIONS[precision],
            attn_implementation="eager",
            use_safetensors=True,
            output_loading_info=True,
        )
        edges = tokenizer("")["input_ids"]
        digest = hashlib.sha256()
        for weights in sorted(folder.glob("*.safetensors")):
            digest.update(weights.read_bytes())
    if report["missing_keys"]:
        missing = ", ".join(sorted(report["missing_keys"])[:3])
        message = f"The model in {folder} was never trained to classify: its weights lack {missing}."
        raise ModelProblem(message)
    if not len(tokenizer.all_special_tokens) < len(tokenizer) <= config.vocab_size:  # without files, it is made empty
        message = (
            f"The tokenizer in {folder} is missing or of another model: it has {len(tokenizer)} tokens, the model "
            f"{config.vocab_size}."
        )
        raise ModelProblem(message)
    if not tokenizer.is_fast or len(edges) != EDGES:
        message = f"The tokenizer in {folder} cannot be used: no one token opens a text and no one token closes it."
        raise ModelProblem(message)
    padding = config.pad_token_id or 0
    # Some models number their positions from behind the padding token's id.
    most = min(tokenizer.model_max_length, getattr(config, "max_position_embeddings", LENGTHS[-1]) - padding - 1)
    lengths = [length for length in LENGTHS if SHORTEST_WINDOW <= length <= most]
    if not lengths:
        message = f"The model in {folder} reads {most} tokens at once; it takes at least {SHORTEST_WINDOW}."
        raise ModelProblem(message)
    return BatchedEncoder(
        TransformersBackend(network, classes=classes, padding=padding),
        tokenizer.backend_tokenizer,
        encoder_id=f"{config.model_type}@sha256:{digest.hexdigest()[:12]}",
        width=config.hidden_size,
        edges=(edges[0], edges[1]),
        longest=lengths[-1],
        prepare=without_surrogates,
        small_batches=small_batches,
        between=between,
    )


def _classes(config: PreTrainedConfig, folder: Path) -> torch.Tensor:
    """Tell what the classes of a model mean. Shape ``(classes, 3)``: 1 where a class means one of ``LABELS``."""
    made_for = config.architectures or ["nothing that its config.json names"]
    one_of_several = config.problem_type in {None, "single_label_classification"}
    if not (one_of_several and any(name.endswith("ForSequenceClassification") for name in made_for)):
        message = (
            f"The model in {folder} was made for another task ({', '.join(made_for)}); it takes one that classifies "
            "texts by sentiment (...ForSequenceClassification)."
        )
        raise ModelProblem(message)
    names = [config.id2label[place] for place in range(config.num_labels)]
    plain = [re.sub("[_-]", " ", name).strip().casefold() for name in names]
    classes = torch.tensor(
        [[float(SPELLINGS[label].fullmatch(name) is not None) for label in LABELS] for name in plain]
    )
    if not classes.any(dim=1).all() or not classes.any(dim=0)[[0, 2]].all():
        message = (
            f"The classes of the model in {folder} are not understood: {', '.join(names)}. Understood are "
            f"{UNDERSTOOD}; negative and positive must be among them. "
            'Set "id2label" in its config.json to what the classes mean.'
        )
        raise ModelProblem(message)
    return classes


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep transformers from writing bars and advice; what matters is said in our own errors."""
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
