"""The network's branch for matters: it shares the layers before it, and bends nothing of what was there."""

from __future__ import annotations

import pytest
import torch
from small_model import WIDTH, small_network

from textcx.engines.encoder.network import NetworkShape, pool_branch

CLS, SEP = 101, 102
TOKENS = torch.tensor([[CLS, 2001, 2002, 2003, SEP, 0, 0], [CLS, 2004, 2005, 2006, 2007, 2008, SEP]])
MASK = torch.tensor([[True] * 5 + [False] * 2, [True] * 7])


def test_a_network_without_a_branch_answers_with_the_means_of_its_last_states() -> None:
    network = small_network(matter_layers=0)
    found, (states, _) = network(TOKENS, MASK).matters, network.states(TOKENS, MASK)
    for row, size in enumerate((5, 7)):
        mean = states[row, :size].mean(0)
        assert torch.allclose(found[row], mean / mean.norm(), atol=1e-6)
    assert not [name for name in network.state_dict() if name.startswith(("matter", "aspect", "opinion"))]


def test_a_branch_changes_nothing_of_what_the_other_heads_say() -> None:
    plain, branched = small_network(matter_layers=0), small_network(matter_layers=2)
    plain.load_state_dict(branched.state_dict(), strict=False)
    for name in ("sentiment", "pain", "request", "emotions"):
        assert torch.equal(getattr(plain(TOKENS, MASK), name), getattr(branched(TOKENS, MASK), name))


@pytest.mark.parametrize("matter_layers", [1, 2, 3])
def test_a_branch_with_the_weights_of_the_layers_beside_it_has_their_states(matter_layers: int) -> None:
    network = small_network(layers=3, matter_layers=matter_layers)
    for beside, layer in zip(network.matter_layers, network.layers[-matter_layers:], strict=True):
        beside.load_state_dict(layer.state_dict())
    with torch.inference_mode():
        states, branch = network.states(TOKENS, MASK)
    assert branch is not None
    assert torch.equal(states, branch)


def test_the_layers_that_both_share_are_computed_once() -> None:
    network = small_network(layers=3, matter_layers=2)
    runs: list[str] = []
    for name, module in network.named_modules():
        if name.startswith(("layers.", "matter_layers.")) and name.count(".") == 1:
            module.register_forward_hook(lambda *_, name=name: runs.append(name))
    network(TOKENS, MASK)
    assert sorted(runs) == ["layers.0", "layers.1", "layers.2", "matter_layers.0", "matter_layers.1"]


def test_a_matter_ignores_the_tokens_around_a_text_and_the_padding() -> None:
    states = torch.randn(2, 7, WIDTH, generator=torch.Generator().manual_seed(3))
    own = pool_branch(states, MASK)
    for row, size in enumerate((5, 7)):
        assert torch.allclose(own[row], states[row, 1 : size - 1].mean(0), atol=1e-6)
    changed = states.clone()
    changed[:, 0] += 1
    changed[0, 4:] += 1
    changed[1, 6] += 1
    assert torch.equal(pool_branch(changed, MASK), own)


def test_an_empty_text_has_the_matter_of_the_tokens_around_it() -> None:
    states = torch.randn(1, 4, WIDTH, generator=torch.Generator().manual_seed(3))
    own = pool_branch(states, torch.tensor([[True, True, False, False]]))
    assert torch.allclose(own[0], states[0, :2].mean(0), atol=1e-6)


def test_a_matter_has_unit_length_and_is_its_own() -> None:
    plain, branched = small_network(matter_layers=0), small_network()
    plain.load_state_dict(branched.state_dict(), strict=False)
    found = branched(TOKENS, MASK).matters
    assert torch.allclose(found.norm(dim=-1), torch.ones(2), atol=1e-5)
    assert not torch.allclose(found, plain(TOKENS, MASK).matters, atol=0.1)


def test_padding_does_not_change_a_matter() -> None:
    network = small_network()
    padded, alone = network(TOKENS, MASK), network(TOKENS[:1, :5], MASK[:1, :5])
    assert torch.allclose(padded.matters[0], alone.matters[0], atol=1e-5)


def test_heads_of_the_branch_keep_their_digits() -> None:
    network = small_network()
    network.set_precision(torch.bfloat16)
    assert {part.dtype for part in network.matter_layers.parameters()} == {torch.bfloat16}
    for head in (network.matter, network.aspect, network.opinion, network.aspect_polarity):
        assert head.weight.dtype == torch.float32


def test_a_branch_longer_than_the_backbone_is_refused() -> None:
    with pytest.raises(ValueError, match="2 layers cannot have 3"):
        NetworkShape(layers=2, matter_layers=3)
