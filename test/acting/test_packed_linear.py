import torch
from torch import nn

from vla_async.acting.packed_linear import PackedLinear, pack


def layers(dtype):
    rng = torch.Generator().manual_seed(0)
    made = nn.Sequential(nn.Linear(128, 192), nn.GELU(), nn.Sequential(nn.Linear(192, 64)), nn.Linear(64, 7)).to(dtype)
    for weights in made.parameters():
        nn.init.normal_(weights, generator=rng)
    return made.requires_grad_(False)


@torch.inference_mode()
def test_packed_layers_give_the_same_bit_by_bit():
    plain, packed = layers(torch.bfloat16), layers(torch.bfloat16)
    pack(packed)
    for count in (1, 8, 26):
        x = torch.randn(1, count, 128, generator=torch.Generator().manual_seed(count)).bfloat16()
        torch.testing.assert_close(packed(x), plain(x), rtol=0, atol=0)


def test_only_large_layers_in_bfloat16_are_packed():
    packed, others = layers(torch.bfloat16), layers(torch.float32)
    pack(packed)
    pack(others)
    possible = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    kinds = [type(layer) for layer in packed.modules() if isinstance(layer, (nn.Linear, PackedLinear))]
    assert kinds == ([PackedLinear] * 2 if possible else [nn.Linear] * 2) + [nn.Linear]
    assert not any(isinstance(layer, PackedLinear) for layer in others.modules())


@torch.inference_mode()
def test_they_can_be_traced_and_frozen():
    packed = layers(torch.bfloat16)
    pack(packed)
    x = torch.randn(3, 128, generator=torch.Generator().manual_seed(1)).bfloat16()
    program = torch.jit.freeze(torch.jit.trace(packed, (x,)).eval())
    torch.testing.assert_close(program(x), packed(x), rtol=0, atol=0)
