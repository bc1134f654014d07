"""What the branch of matters is taught by in a step; see ``textcx.training.branch.train``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from textcx.training.branch.network import contrast, spans_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from textcx.training.branch.drawing import Step
    from textcx.training.branch.network import Branch, Reading

HEAT, THEME_HEAT = 0.07, 0.1
"""Temperatures of the contrastive losses."""
SAME_TITLE = 0.55
"""Cosine from which the titles of two trades are not held against each other."""
FAR = 0.25
"""Cosine to a title up to which a remark of no matter is not pushed away."""
TONES = {"n": 0, "0": 1, "p": 2}
"""Polarity of the aspects of a remark, by its code; those of a mixed one are not known."""
MOST_TONES = 40
"""Remarks of a step whose aspects teach polarity."""
SQUARES = 0.05
"""Weight of the auxiliary heads that are taught by logits."""


def matter_losses(step: Step, reading: Reading, titles: Mapping[tuple[int, int], Tensor]) -> dict[str, Tensor]:
    """Losses of matters, themes and titles of two trades; ``titles`` are vectors by trade and matter."""
    matters = torch.tensor([one.matter for one in step.remarks])
    trades = torch.tensor([one.trade for one in step.remarks])
    themes = torch.tensor([one.theme for one in step.remarks])
    told = matters >= 0
    vectors = reading.vectors[step.slices["remarks"]]
    together = (trades[:, None] == trades[None]) & told[:, None] & told[None]
    own_titles = torch.stack([titles[one.trade, one.matter] for one in step.remarks])
    held = ~((own_titles @ own_titles.T > SAME_TITLE) & (trades[:, None] != trades[None]))
    losses = {
        "matter": contrast(vectors, together & (matters[:, None] == matters[None]), held, heat=HEAT),
        "theme": contrast(vectors, together & (themes[:, None] == themes[None]), held, heat=THEME_HEAT),
    }
    head_trades, head_matters = (torch.tensor(part) for part in zip(*step.heads, strict=True))
    own = (trades[:, None] == head_trades[None]) & (matters[:, None] == head_matters[None])
    near = vectors @ reading.vectors[step.slices["heads"]].T
    alike = own_titles @ torch.stack([titles[head] for head in step.heads]).T > SAME_TITLE
    logits = (near / HEAT).masked_fill(alike & (trades[:, None] != head_trades[None]), -1e9)
    towards = functional.log_softmax(logits, 1)[told][own[told]]
    back = functional.log_softmax(logits.T, 1).masked_fill(~own.T, 0).sum(1) / own.T.sum(1).clamp(min=1)
    losses["title"] = -towards.mean() - back.mean()
    if (~told).any():
        losses["none"] = 4 * functional.relu(near[~told] - FAR).pow(2).mean()
    return losses


def open_losses(step: Step, reading: Reading) -> dict[str, Tensor]:
    """Losses of open texts with their titles, and of texts with the labels that people gave them."""
    matched = reading.vectors[step.slices["open"]][: len(step.labels)]
    wanted = torch.tensor([step.different.index(label) for label in step.labels])
    filed, under = reading.vectors[step.slices["filed"]], torch.tensor(step.filed_under)
    groups = reading.vectors[step.slices["groups"]]
    return {
        "open": functional.cross_entropy(matched @ reading.vectors[step.slices["labels"]].T / HEAT, wanted),
        "people": functional.cross_entropy(filed @ groups.T / HEAT, under)
        + contrast(filed, under[:, None] == under[None], None, heat=HEAT),
    }


def near_losses(branch: Branch, step: Step, reading: Reading) -> dict[str, Tensor]:
    """Losses of judged pairs, told by the nearness of title and remark, and by that of their words beside it."""
    truth = torch.tensor(step.truth).float()
    heads, remarks = step.slices["judged titles"], step.slices["judged remarks"]
    cosines = (reading.vectors[heads][torch.tensor(step.owners)] * reading.vectors[remarks]).sum(-1)
    words = [functional.normalize(states.float(), dim=-1) for states in reading.tokens]
    own, said = words[heads], words[remarks]
    found = torch.stack([(own[title] @ one.T).amax(1).mean() for title, one in zip(step.owners, said, strict=True)])
    slope, shift = branch.near.float()
    by_vector, by_words, constant = branch.cover.float()
    return {
        "near": functional.binary_cross_entropy_with_logits(slope * cosines + shift, truth),
        "cover": functional.binary_cross_entropy_with_logits(by_vector * cosines + by_words * found + constant, truth),
    }


def tag_losses(branch: Branch, step: Step, reading: Reading) -> dict[str, Tensor]:
    """Losses of aspects, opinions, and the polarity of aspects."""
    aspects = torch.cat([reading.tokens[place] for place, _ in step.tagged]).to(torch.bfloat16)
    wanted = torch.cat([torch.from_numpy(piece.aspects) for _, piece in step.tagged])
    marked = [(place, piece.opinions) for place, piece in step.tagged if piece.opinions is not None]
    opinions = torch.cat([reading.tokens[place] for place, _ in marked]).to(torch.bfloat16)
    said = torch.cat([torch.from_numpy(tags) for _, tags in marked])
    spans = []
    for number, (place, piece) in enumerate(step.tagged):
        own = piece.polarities
        if number < MOST_TONES and piece.code[:1] in TONES:
            own = tuple((start, stop, TONES[piece.code[0]]) for start, stop in spans_of(piece.aspects))
        spans += [(place, *span) for span in own]
    states = torch.stack(
        [
            torch.cat([reading.tokens[place][start:stop].mean(0), reading.means[place]])
            for place, start, stop, _ in spans
        ]
    )
    tones = torch.tensor([tone for *_, tone in spans])
    return {
        "aspect": functional.cross_entropy(branch.aspect(aspects).float(), wanted),
        "opinion": functional.cross_entropy(branch.opinion(opinions).float(), said),
        "polarity": functional.cross_entropy(branch.aspect_polarity(states.to(torch.bfloat16)).float(), tones),
    }


def taught_losses(
    branch: Branch, step: Step, reading: Reading, taught: Sequence[tuple[Tensor, ...]]
) -> dict[str, Tensor]:
    """Losses of the geometry of broad texts, and of the auxiliary heads; ``taught`` is by broad record."""
    parts = [taught[place] for place in step.broad]
    vectors, sentiment, *logits = (torch.cat([part[number] for part in parts]) for number in range(5))
    found = reading.vectors[step.slices["broad"]]
    tones, *heads = branch.auxiliary(reading.pooled[step.slices["broad"]])
    squares = [functional.mse_loss(ours, theirs) for ours, theirs in zip(heads, logits, strict=True)]
    shares = functional.kl_div(
        functional.log_softmax(tones, -1), functional.softmax(sentiment, -1), reduction="batchmean"
    )
    coded = [(place, piece.code) for place, piece in step.tagged if piece.code]
    own_tones, pains, requests, _ = branch.auxiliary(reading.pooled[[place for place, _ in coded]])
    clear = [number for number, (_, code) in enumerate(coded) if code[0] in TONES]
    told = [torch.tensor([float(letter in code[1:]) for _, code in coded]) for letter in "wr"]
    return {
        "geometry": ((found @ found.T - vectors @ vectors.T) ** 2).mean(),
        "taught": shares + SQUARES * torch.stack(squares).sum(),
        "coded": functional.cross_entropy(own_tones[clear], torch.tensor([TONES[coded[at][1][0]] for at in clear]))
        + functional.binary_cross_entropy_with_logits(pains, told[0])
        + functional.binary_cross_entropy_with_logits(requests, told[1]),
    }
