"""The attention processor that gives a self-attention its dense kernel."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from diffusers.models.attention_dispatch import AttentionBackendName
from torch import Tensor

from vidkit.hooks.dense.finite import finite_or
from vidkit.hooks.dense.kernels import KERNELS
from vidkit.hooks.families import ModelFamily, TextPlace
from vidkit.hooks.graph import define, keep_nothing
from vidkit.hooks.named_arguments import NamedArguments


class DenseAttnProcessor(NamedArguments):
    """Self-attention by one of `KERNELS`; everything else by the processor it replaced.

    Args:
        original: the processor found on the module.
        family: of the transformer.
        kernel: name in `KERNELS`.
    """

    def __init__(self, original: Any, family: ModelFamily, kernel: str) -> None:
        self.original, self.family, self.kernel = original, family, kernel

    def __deepcopy__(self, memo: dict[int, Any]) -> DenseAttnProcessor:
        return DenseAttnProcessor(copy.deepcopy(self.original, memo), self.family, self.kernel)

    # diffusers sets these two on every processor (set_attention_backend, enable_parallelism)
    @property
    def _attention_backend(self) -> Any:
        return self.original._attention_backend

    @_attention_backend.setter
    def _attention_backend(self, value: Any) -> None:
        self.original._attention_backend = value

    @property
    def _parallel_config(self) -> Any:
        return self.original._parallel_config

    @_parallel_config.setter
    def _parallel_config(self, value: Any) -> None:
        self.original._parallel_config = value

    def attention(self, attn: Any, hidden_states: Tensor, *args: Any, **kwargs: Any) -> Any:
        if not self.family.is_plain(*args, **kwargs) or torch.is_grad_enabled():  # kernels without gradient
            return self.original(attn, hidden_states, *args, **kwargs)
        made = self.family.project(attn, hidden_states, *args, **kwargs)
        q, k, v = made.q, made.k, made.v
        after = made.after
        del made  # whatever is not needed is freed before attention runs
        return self.family.output(attn, attend_dense(q, k, v, self.kernel).type_as(q), after)


def attend_dense(q: Tensor, k: Tensor, v: Tensor, kernel: str) -> Tensor:
    """Attention by a kernel, an operator of its own in compiled graphs; `[B, N, H, D]`."""
    if torch.compiler.is_compiling():
        out: Tensor = torch.ops.vidkit.attend_dense(q, k, v, kernel)
        return out
    return _by_kernel(q, k, v, kernel)


def _by_kernel(q: Tensor, k: Tensor, v: Tensor, kernel: str) -> Tensor:
    chosen = KERNELS[kernel]
    out = chosen.attend(q, k, v)
    return out if chosen.is_exact else finite_or(out, lambda: KERNELS["native"].attend(q, k, v), kernel)


def _attend(q: Tensor, k: Tensor, v: Tensor, kernel: str) -> Tensor:
    return _by_kernel(q, k, v, kernel).contiguous()


def _attend_like(q: Tensor, k: Tensor, v: Tensor, kernel: str) -> Tensor:
    return torch.empty_like(q, memory_format=torch.contiguous_format)


def _attend_backward(ctx: Any, grad: Tensor) -> tuple[None, None, None, None]:
    raise RuntimeError("there are no gradients through a dense attention kernel in a compiled transformer")


define("attend_dense", "(Tensor q, Tensor k, Tensor v, str kernel) -> Tensor", _attend, _attend_like)
torch.library.register_autograd("vidkit::attend_dense", _attend_backward, setup_context=keep_nothing)


@contextmanager
def dense_kernels(
    transformers: Mapping[str, Any],
    families: Mapping[str, ModelFamily],
    self_attention: str,
    cross_attention: str = "native",
) -> Iterator[None]:
    """Kernels on every transformer for as long as the block lasts; the processors found come back.

    Args:
        transformers: by attribute name.
        families: of each.
        self_attention: kernel of attention among the video's tokens; `native` touches nothing, but that
            padding is left out where the family can.
        cross_attention: kernel of text's attention, one that diffusers has a name for.
    """
    put: list[tuple[Any, DenseAttnProcessor]] = []
    told: list[tuple[Any, Any]] = []
    stack = ExitStack()
    for name, model in transformers.items():
        family = families[name]
        own = [layer.attention for layer in family.layers(model)]
        if family.drops_padding:
            stack.enter_context(family.prepared(model))
        if self_attention != "native" or family.drops_padding:
            for attention in own:
                processor = DenseAttnProcessor(attention.processor, family, self_attention)
                attention.set_processor(processor)
                put.append((attention, processor))
        if cross_attention != "native" and family.text is TextPlace.CROSS:
            told += _tell_cross(model, own, KERNELS[cross_attention].diffusers)
    try:
        yield
    finally:
        stack.close()
        for attention, processor in put:
            if attention.processor is processor:
                attention.set_processor(processor.original)
        for processor, before in told:
            processor._attention_backend = before


def _tell_cross(model: Any, own: list[Any], name: str) -> list[tuple[Any, Any]]:
    """Set diffusers' backend on whatever attends to text; returns what was there."""
    mine, told = {id(attention) for attention in own}, []
    for part in model.modules():
        processor: Any = getattr(part, "processor", None)
        if id(part) in mine or not getattr(part, "is_cross_attention", False):
            continue
        if hasattr(processor, "_attention_backend"):
            told.append((processor, processor._attention_backend))
            processor._attention_backend = AttentionBackendName(name)
    return told
