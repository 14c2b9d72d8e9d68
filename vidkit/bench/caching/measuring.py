"""Every row of every set beside the uncached clip of the same maze and noise; resumable."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vidkit.bench.attention_quality.clips import FRAMES, LATENT_SIDE, Clip, ClipMaker
from vidkit.bench.attention_quality.metrics import ssim
from vidkit.bench.caching.block_clips import BlockClipMaker
from vidkit.bench.caching.clips import clip_psnr, draw_set, free_area, solved
from vidkit.bench.caching.running import Runner, batches
from vidkit.bench.caching.tuning import Tuned, Tuner, policy_of
from vidkit.caching import CachePolicy, enable
from vidkit.caching.magnitudes import MagnitudeProbe
from vidkit.config.bench_caching_schema import AttentionMode, BenchCachingSettings, CacheMethod, ClipSet
from vidkit.generation.load import LoadedModel
from vidkit.models.transformer_cost import TransformerShape
from vidkit.utils.jsonl_log import JsonlLog, Place, other_header

UNCACHED = "uncached"
LOG = "rows.jsonl"
TEXT_TOKENS = 20


@dataclass(frozen=True)
class ClipRow:
    """One clip of one row.

    Attributes:
        kind: set of the clip.
        steps: N.
        method: of the row, `uncached` without a cache.
        target: share of the FLOPs that was asked for; 1 without a cache.
        share: executed.
        seconds: of the denoising loop, its batch's divided by the batch.
        psnr: dB against the uncached clip; None for that one.
        ssim: likewise.
        success: the maze is solved; None: clips are too short to tell.
        area: of free content; None in plain clips.
        state_bytes: kept from step to step.
        attention: `AttentionMode` of the clip.
    """

    kind: str
    steps: int
    method: str
    target: float
    clip: str
    share: float
    seconds: float
    psnr: float | None
    ssim: float | None
    success: bool | None
    area: float | None
    state_bytes: float
    attention: str = "bidirectional"

    @property
    def key(self) -> tuple[str, int, str, float, str, str]:
        return self.kind, self.steps, self.method, self.target, self.clip, self.attention


class CachingRun:
    """All rows.

    Args:
        model: the embedded model, loaded, without a cache.
        settings: of the benchmark.
        work: folder of results and tuned settings.
        fingerprint: of the weights.
        tell: hears what begins.
    """

    def __init__(
        self,
        model: LoadedModel,
        settings: BenchCachingSettings,
        work: Path,
        fingerprint: str | None,
        tell: Callable[[str], None],
    ) -> None:
        self.settings, self.work, self.tell = settings, work, tell
        self.makers = {
            AttentionMode.bidirectional: ClipMaker(model, settings.latent_frames),
            AttentionMode.block_causal: BlockClipMaker(model, settings.latent_frames),
        }
        self.runner = Runner(self.makers[AttentionMode.bidirectional])
        if self.runner.maker.device.type == "cuda":
            torch.set_float32_matmul_precision("high")  # fp32 in tensor cores
        self.clips = {kind: self._drawn(kind, settings.clips, "measure") for kind in settings.sets}
        self.tune = {kind: self._drawn(kind, settings.tune_clips, "tune") for kind in settings.sets}
        shape = TransformerShape.of(dict(model.pipe.transformer.config))
        tokens = settings.latent_frames * (LATENT_SIDE // shape.patch[1]) ** 2
        whole = shape.pass_flops(tokens, tokens, TEXT_TOKENS).total
        ends = dataclasses.replace(shape, layers=0)
        self.ends = ends.pass_flops(tokens, tokens, TEXT_TOKENS).total / whole
        self.rows: dict[tuple[str, int, str, float, str, str], ClipRow] = {}
        self.tuned: dict[tuple[int, str, float, str], Tuned | None] = {}
        header = header_of(settings, fingerprint)
        self.log = JsonlLog(
            work / LOG,
            self._take,
            header=header,
            again="its clip will be made again",
            refuse=lambda found: other_header(work / LOG, header, found, "measurement"),
        )
        self._references: dict[tuple[str, int, str], Tensor] = {}
        self._tuners: dict[tuple[int, AttentionMode], Tuner] = {}
        self._mode = AttentionMode.bidirectional

    def _drawn(self, kind: ClipSet, count: int, pool: str) -> list[Clip]:
        return draw_set(kind, self.settings.size, count, self.settings.seed, pool)

    def _take(self, row: dict[str, Any], _: Place) -> None:
        if "tuned" in row:
            found = None if row["tuned"] is None else Tuned(**row["tuned"])
            attention = row.get("attention", AttentionMode.bidirectional.value)
            self.tuned[row["steps"], row["method"], row["target"], attention] = found
            return
        made = ClipRow(**row)
        self.rows[made.key] = made

    def asked(self) -> list[ClipRow]:
        """What is measured so far, of the clips, rows and steps asked for."""
        clips = {clip.key for clips in self.clips.values() for clip in clips}
        methods = {UNCACHED, *(method.value for method in self.settings.methods)}
        targets = {1.0, *self.settings.targets}
        return [
            row
            for row in self.rows.values()
            if row.clip in clips
            and row.method in methods
            and row.target in targets
            and row.steps in self.settings.steps
            and row.attention in self.settings.attention
        ]

    def part(self, steps: int, method: CacheMethod | None, mode: AttentionMode) -> Iterator[str]:
        """Measure one method at one N; says what each row was."""
        self._mode, self.runner = mode, Runner(self.makers[mode])
        if method is None:
            yield from self._measured(steps, UNCACHED, 1.0, None)
            return
        for target in self.settings.targets:
            tuned = self._settings_of(steps, method, target)
            if tuned is None:
                yield f"{method.value}, N={steps}: cannot go down to {target:g} of the FLOPs"
                continue
            yield from self._measured(steps, method.value, target, tuned)

    def _settings_of(self, steps: int, method: CacheMethod, target: float) -> Tuned | None:
        key = steps, method.value, target, self._mode.value
        if key not in self.tuned:
            self.tell(f"settings of {method.value}, N={steps}, {target:g} of the FLOPs")
            found = self._tuner(steps).tuned(method, target)
            plain = None if found is None else asdict(found)
            row = {"steps": steps, "method": method.value, "target": target, "tuned": plain}
            if self._mode is not AttentionMode.bidirectional:
                row["attention"] = self._mode.value
            self.log.append(row)
            self.tuned[key] = found
        return self.tuned[key]

    def _tuner(self, steps: int) -> Tuner:
        key = steps, self._mode
        if key not in self._tuners:
            self._tuners[key] = Tuner(
                steps,
                # block by block, what is not computed does not pass embedding and head either
                self.ends if self._mode is AttentionMode.bidirectional else 0.0,
                lambda made: self._score(steps, made),
                lambda: self._table(steps),
                self.settings.search,
            )
        return self._tuners[key]

    def _table(self, steps: int) -> str:
        """MagCache's magnitudes, measured on the tuning clips, whose frames move together."""
        path = self.work / f"magnitudes_{steps}.json"
        if not path.is_file():
            probe, maker = MagnitudeProbe(), self.makers[AttentionMode.bidirectional]
            with enable(maker.pipe, probe):
                for batch in self._tuning_batches():
                    maker.latents(batch, steps)
            probe.table("maze").save(path)
        return str(path)

    def _score(self, steps: int, policy: CachePolicy) -> tuple[float, float]:
        """Mean dB over the tuning clips of all sets, and the executed share."""
        found, shares = [], []
        for batch in self._tuning_batches():
            made = self.runner.run(batch, steps, policy)
            frames = self.runner.frames(made.latents)
            found.append(clip_psnr(frames, self._reference(batch, steps)))
            shares += [made.share] * len(batch)
        return float(torch.cat(found).mean()), sum(shares) / len(shares)

    def _tuning_batches(self) -> list[Sequence[Clip]]:
        """Clips of all sets together: few clips take as long as one where a device waits for launches."""
        return batches([clip for clips in self.tune.values() for clip in clips], self.settings.batch)

    def _reference(self, batch: Sequence[Clip], steps: int) -> Tensor:
        """Frames of the uncached clips, kept on the host."""
        mode = self._mode.value
        missing = [clip for clip in batch if (clip.key, steps, mode) not in self._references]
        if missing:
            frames = self.runner.frames(self.runner.run(batch, steps, None).latents)
            for clip, one in zip(batch, frames, strict=True):
                self._references[clip.key, steps, mode] = one.cpu()
        kept = torch.stack([self._references[clip.key, steps, mode] for clip in batch])
        return kept.to(self.runner.maker.device)

    def _measured(self, steps: int, method: str, target: float, tuned: Tuned | None) -> Iterator[str]:
        for kind, clips in self.clips.items():
            for batch in batches(clips, self.settings.batch):
                mode = self._mode.value
                keys = [(kind.value, steps, method, target, clip.key, mode) for clip in batch]
                if all(key in self.rows for key in keys):
                    continue
                rows = self._batch(kind, batch, steps, method, target, tuned)
                for row in rows:
                    self.log.append(asdict(row))
                    self.rows[row.key] = row
            yield self._said(kind.value, steps, method, target)

    def _batch(
        self,
        kind: ClipSet,
        batch: Sequence[Clip],
        steps: int,
        method: str,
        target: float,
        tuned: Tuned | None,
    ) -> list[ClipRow]:
        policy = None if tuned is None else policy_of(tuned.method, tuned.settings)
        made = self.runner.run(batch, steps, policy)
        frames = self.runner.frames(made.latents)
        if policy is None:
            for clip, one in zip(batch, frames, strict=True):
                self._references[clip.key, steps, self._mode.value] = one.cpu()
        reference = self._reference(batch, steps)
        dB, alike = clip_psnr(frames, reference).tolist(), ssim(frames, reference).tolist()
        area = free_area(batch, frames).tolist() if kind is ClipSet.extras else [None] * len(batch)
        whole = self.settings.frames == FRAMES
        won: list[bool | None] = [*solved(batch, frames)] if whole else [None] * len(batch)
        return [
            ClipRow(
                kind.value,
                steps,
                method,
                target,
                clip.key,
                made.share,
                made.seconds / len(batch),
                None if policy is None else dB[n],
                None if policy is None else alike[n],
                won[n],
                area[n],
                made.state_bytes,
                self._mode.value,
            )
            for n, clip in enumerate(batch)
        ]

    def _said(self, kind: str, steps: int, method: str, target: float) -> str:
        mine = [
            r
            for r in self.rows.values()
            if (r.kind, r.steps, r.method, r.target) == (kind, steps, method, target)
            and r.attention == self._mode
        ]
        found = [row.psnr for row in mine if row.psnr is not None]
        shown = f", {sum(found) / len(found):.2f} dB" if found else ""
        seconds = sum(row.seconds for row in mine) / len(mine)
        where = "" if self._mode is AttentionMode.bidirectional else f" {self._mode.value}"
        row = f"{kind} N={steps}{where} {method} {target:g}"
        return f"{row}: share {mine[0].share:.3f}{shown}, {seconds:.3f} s per clip"


def header_of(settings: BenchCachingSettings, fingerprint: str | None) -> dict[str, Any]:
    """What a work folder belongs to; rows, steps and targets may be added later."""
    return {
        "measurement": "caching",
        "weights": fingerprint,
        "size": settings.size,
        "frames": settings.frames,
        "seed": settings.seed,
        "tune_clips": settings.tune_clips,
        "search": settings.search,
        "batch": settings.batch,
        "dtype": settings.dtype.value,
    }
