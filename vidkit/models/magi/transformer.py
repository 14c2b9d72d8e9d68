"""The diffusion transformer of MAGI-1: velocities of chunks of a clip, each at a noise level of its own."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_outputs import Transformer2DModelOutput
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from vidkit.models.magi.block import Look, MagiTransformerBlock, Piece, Shape
from vidkit.models.magi.embeddings import CaptionEmbedder, LearnedRotary, OffsetLayerNorm, TimeEmbedder
from vidkit.models.magi.kv_cache import ChunkKeyValues


@dataclass(frozen=True)
class MagiText:
    """A prompt as the text encoder left it.

    Attributes:
        states: `[B, S, text_dim]`; None: no caption, which the null caption's first rows stand for.
        mask: which of the S tokens count, `[B, S]`; None: all.
        guided: whether the condition says that there is a caption; None: says what is so. Distilled models
            are told so of finished chunks too, whose text is the null caption.
    """

    states: Tensor | None = None
    mask: Tensor | None = None
    guided: bool | None = None


@dataclass(frozen=True)
class MagiCaption:
    """A prompt as the layers read it.

    Attributes:
        text: `[B, S, C]`.
        mask: which tokens count, `[B, S]`; None: all.
        part: of the condition, `[condition_dim]`.
    """

    text: Tensor
    mask: Tensor | None
    part: Tensor


class MagiTransformer3DModel(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Transformer of MAGI-1.

    Args:
        in_channels: of the latents.
        out_channels: of the velocity.
        num_layers: 34 (4.5 B) or 48 (24 B).
        num_attention_heads: of queries.
        num_key_value_heads: of keys and values.
        attention_head_dim: D.
        ffn_dim: inner width of the feed-forward.
        condition_dim: width of the condition (noise level and caption's part); None: a quarter of the width.
        text_dim: of the text encoder's states.
        caption_max_length: rows of the null caption.
        patch_size: latent frames, rows and columns of a token.
        gated_linear_unit: SwiGLU instead of GELU.
        norm_eps: of all norms.
        zero_centered_gamma: gains of the norms after projections are stored less one.
        x_rescale_factor: latents are multiplied by this, velocities divided.
        duplicate_channels: latents are given twice over, and half of the output is dropped.
        distilled: the size of the step is part of the condition.
        chunk_frames: latent frames of a chunk.
    """

    _supports_gradient_checkpointing = False
    _no_split_modules: ClassVar[list[str]] = ["MagiTransformerBlock"]
    _keep_in_fp32_modules: ClassVar[list[str]] = [
        "patch_embedding",
        "time_embedder",
        "caption_embedder",
        "rope",
        "norm_q",
        "norm_k",
        "norm_attn_out",
        "norm_ffn_out",
        "norm_out",
        "proj_out",
    ]

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        in_channels: int = 16,
        out_channels: int = 16,
        num_layers: int = 34,
        num_attention_heads: int = 24,
        num_key_value_heads: int = 8,
        attention_head_dim: int = 128,
        ffn_dim: int = 12288,
        condition_dim: int | None = None,
        text_dim: int = 4096,
        caption_max_length: int = 800,
        patch_size: tuple[int, int, int] = (1, 2, 2),
        gated_linear_unit: bool = False,
        norm_eps: float = 1e-6,
        zero_centered_gamma: bool = True,
        x_rescale_factor: float = 1.0,
        duplicate_channels: bool = False,
        distilled: bool = False,
        chunk_frames: int = 6,
    ) -> None:
        super().__init__()
        dim = num_attention_heads * attention_head_dim
        if num_attention_heads % num_key_value_heads:
            raise ValueError(
                f"num_attention_heads={num_attention_heads} is not a multiple of"
                f" num_key_value_heads={num_key_value_heads}"
            )
        condition_dim = condition_dim or dim // 4
        offset = 1.0 if zero_centered_gamma else 0.0
        shape = Shape(
            dim,
            num_attention_heads,
            num_key_value_heads,
            attention_head_dim,
            ffn_dim,
            condition_dim,
            gated_linear_unit,
            norm_eps,
            offset,
        )
        copies = 2 if duplicate_channels else 1
        self.patch = (int(patch_size[0]), int(patch_size[1]), int(patch_size[2]))
        self.patch_embedding = nn.Conv3d(copies * in_channels, dim, self.patch, stride=self.patch, bias=False)
        self.time_embedder = TimeEmbedder(condition_dim)
        self.caption_embedder = CaptionEmbedder(text_dim, caption_max_length, dim, condition_dim)
        self.rope = LearnedRotary(attention_head_dim)
        self.blocks = nn.ModuleList(MagiTransformerBlock(shape) for _ in range(num_layers))
        self.norm_out = OffsetLayerNorm(dim, norm_eps, offset)
        self.proj_out = nn.Linear(dim, copies * out_channels * math.prod(self.patch), bias=False)

    @property
    def layers(self) -> int:
        """Number of layers."""
        return len(self.blocks)

    def caption(self, given: MagiText) -> MagiCaption:
        """Make a prompt, or its absence, what the layers read."""
        guided = given.states is not None if given.guided is None else given.guided
        text, part = self.caption_embedder(given.states, guided)
        mask = given.mask
        if mask is not None:
            mask = mask.bool()
            longest = max(int(mask.sum(dim=1).max()), 1)
            prefix = torch.arange(mask.shape[1], device=mask.device)[None] < mask.sum(dim=1, keepdim=True)
            if bool((prefix == mask).all()):  # padding at the end: what no clip needs is cut off
                text, mask = text[:, :longest], mask[:, :longest]
            mask = None if bool(mask.all()) else mask
        return MagiCaption(text.to(self._block_dtype), mask, part)

    def condition_of(self, level: Tensor, caption: MagiCaption, step_size: float | None = None) -> Tensor:
        """The condition `[B, condition_dim]` of a chunk.

        Args:
            level: t of the chunk, 0 noise .. 1 clean, `[B]`.
            caption: of the chunk.
            step_size: of distilled models: half the number of equal steps that this step is one of.

        Raises:
            ValueError: a step size for a model that is not distilled, or none for one that is.
        """
        if self.config.distilled != (step_size is not None):
            what = "needs" if self.config.distilled else "takes no"
            raise ValueError(f"a {'' if self.config.distilled else 'not '}distilled model {what} step_size")
        dtype = self._block_dtype
        condition: Tensor = self.time_embedder(level, dtype)
        if step_size is not None:
            condition = condition + self.time_embedder(torch.full_like(level, step_size), dtype)
        return (condition + caption.part).to(dtype)

    def embed(self, latents: Tensor) -> Tensor:
        """Tokens `[B, N, C]` of latents `[B, in_channels, F, h, w]`, in raster order."""
        x = latents.float() * self.config.x_rescale_factor
        if self.config.duplicate_channels:
            x = torch.cat((x, x), dim=1)
        embedded: Tensor = self.patch_embedding(x.to(self.patch_embedding.weight.dtype))
        return embedded.flatten(2).transpose(1, 2).to(self._block_dtype)

    def unembed(self, hidden: Tensor, frames: int, rows: int, columns: int) -> Tensor:
        """Velocity `[B, out_channels, F, h, w]` in fp32 of hidden states `[B, N, C]`; sizes in tokens."""
        return self.unpatch(self.project_out(hidden), frames, rows, columns)

    def project_out(self, hidden: Tensor) -> Tensor:
        """Values of each token's patch `[B, N, D]`, fp32, of hidden states `[B, N, C]`."""
        out: Tensor = self.proj_out(self.norm_out(hidden.float()).to(self.proj_out.weight.dtype))
        return out.float()

    def unpatch(self, values: Tensor, frames: int, rows: int, columns: int) -> Tensor:
        """Velocity `[B, out_channels, F, h, w]` of the patches of all tokens; sizes in tokens."""
        t, h, w = self.patch
        x = values.reshape(values.shape[0], frames, rows, columns, t, h, w, -1).permute(
            0, 7, 1, 4, 2, 5, 3, 6
        )
        x = x.flatten(6, 7).flatten(4, 5).flatten(2, 3)[:, : self.config.out_channels]
        velocity: Tensor = x / self.config.x_rescale_factor
        return velocity

    def grid(self, latents: Tensor) -> tuple[int, int, int]:
        """Frames, rows and columns of tokens of latents `[B, C, F, h, w]`."""
        t, h, w = (size // patch for size, patch in zip(latents.shape[2:], self.patch, strict=True))
        return t, h, w

    def forward(
        self,
        hidden_states: Tensor,
        timestep: Tensor,
        encoder_hidden_states: Tensor | Sequence[MagiText] | None = None,
        encoder_attention_mask: Tensor | None = None,
        *,
        first_chunk: int = 0,
        kv_range: Sequence[int | None] | None = None,
        cache: ChunkKeyValues | None = None,
        store: Sequence[int] = (),
        step_size: float | None = None,
        return_dict: bool = True,
    ) -> Transformer2DModelOutput | tuple[Tensor]:
        """Velocities of neighbouring chunks in one pass, block-causal.

        Args:
            hidden_states: latents `[B, C, n * chunk_frames, h, w]`.
            timestep: t of each chunk, 0 noise .. 1 clean, `[B, n]`.
            encoder_hidden_states: states of the text encoder `[B, S, text_dim]`, for all chunks; or a text
                for each chunk; None: no caption.
            encoder_attention_mask: which of the S tokens count, `[B, S]`.
            first_chunk: absolute number of the first chunk given.
            kv_range: how many chunks each one sees, counted backwards from itself; None: all before.
            cache: keys and values of earlier chunks, and where `store` puts those of this pass; without one,
                chunks see no further back than `first_chunk`.
            store: absolute numbers of the chunks whose keys and values are kept.
            step_size: see `condition_of`.
            return_dict: a plain tuple if not.

        Returns:
            Velocity `[B, C_out, n * chunk_frames, h, w]`, fp32, towards the clean clip.

        Raises:
            ValueError: latents that are no whole number of chunks or tokens.
            KeyError: a chunk within the range is not in the cache.
        """
        chunks = timestep.shape[1]
        self._check(hidden_states, chunks)
        captions = self._captions(encoder_hidden_states, encoder_attention_mask, chunks)
        hidden = self.embed(hidden_states)
        frames, rows, columns = self.grid(hidden_states)
        size = hidden.shape[1] // chunks
        pieces = [
            Piece(
                i * size,
                (i + 1) * size,
                self.condition_of(timestep[:, i], captions[i], step_size),
                captions[i].text,
                captions[i].mask,
            )
            for i in range(chunks)
        ]
        rotary = self.rope(first_chunk * frames // chunks, frames, rows, columns)
        ranges = [None] * chunks if kv_range is None else kv_range
        for layer, block in enumerate(self.blocks):
            window = _Window(layer, first_chunk, cache, frozenset(store))
            looks: list[Look] = [
                functools.partial(window.look, first_chunk + i, ranges[i]) for i in range(chunks)
            ]
            hidden = block(hidden, rotary, pieces, looks)
        velocity = self.unembed(hidden, frames, rows, columns)
        return Transformer2DModelOutput(sample=velocity) if return_dict else (velocity,)

    @property
    def _block_dtype(self) -> torch.dtype:
        """Precision of the layers; embeddings and norms are fp32 beside it."""
        return next((value.dtype for value in self.blocks.parameters() if value.ndim == 2), torch.float32)

    def _captions(
        self, given: Tensor | Sequence[MagiText] | None, mask: Tensor | None, chunks: int
    ) -> Sequence[MagiCaption]:
        if given is None or isinstance(given, Tensor):
            return [self.caption(MagiText(given, mask))] * chunks
        if len(given) != chunks:
            raise ValueError(f"{len(given)} texts for {chunks} chunks")
        made = {id(text): self.caption(text) for text in given}  # most chunks share theirs
        return [made[id(text)] for text in given]

    def _check(self, latents: Tensor, chunks: int) -> None:
        _, _, frames, height, width = latents.shape
        if frames != chunks * self.config.chunk_frames:
            raise ValueError(
                f"{frames} latent frames are not {chunks} chunks of {self.config.chunk_frames}, one for each"
                " timestep"
            )
        if height % self.patch[1] or width % self.patch[2]:
            raise ValueError(
                f"latents of {height}x{width} are not a whole number of tokens of {self.patch[1:]}"
            )


class _Window:
    """What the chunks of one pass see in one layer; asked in order of time."""

    def __init__(self, layer: int, first: int, cache: ChunkKeyValues | None, store: frozenset[int]) -> None:
        self._layer, self._first, self._cache, self._store = layer, first, cache, store
        self._own: dict[int, tuple[Tensor, Tensor]] = {}

    def look(
        self, chunk: int, reach: int | None, key: Tensor, value: Tensor, query: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Keys and values that `chunk` attends to, its own last."""
        self._own[chunk] = (key, value)
        cache = self._cache if self._cache is not None else ChunkKeyValues()
        lowest = 0 if reach is None else max(0, chunk - reach + 1)
        if self._cache is None:
            lowest = max(lowest, self._first)
        if chunk in self._store:
            cache.put(self._layer, chunk, key, value)
        kept = range(lowest, min(self._first, chunk + 1))
        own = (self._own[i] for i in range(max(lowest, self._first), chunk + 1))
        return cache.seen(self._layer, kept, own)
