"""The second edition's figures: success by type and size against steps, free content, new looks, text."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from diffusers import AutoencoderKLWan
from numpy.typing import NDArray
from torch import Tensor

from scripts.maze_training import report, text
from scripts.maze_training.board_scoring import HeldOutBoard, ScoringPool
from scripts.maze_training.evaluation import Parts, _verdicts, from_text_alone, held_out_levels
from scripts.maze_training.free_content import contrast, free_levels, grey_area
from scripts.maze_training.looks import UNSEEN_SWAP
from scripts.maze_training.parallel import Group
from scripts.maze_training.sampling import Sampler, sample
from scripts.maze_training.scene_source import worker_count
from scripts.maze_training.vae import decode_clip, encode_clip
from vidkit.mazes.embedded.board_levels import BOARDS
from vidkit.mazes.embedded.levels import Levels
from vidkit.mazes.embedded.render import render
from vidkit.utils.statistics import paired_mean_interval, share_interval

STEPS = (5, 20, 1, 50)  # in the order of their worth
LOOK_STEPS = 5  # for looks that training never saw
SIZES = (4, 5, 6, 7, 8)
CHUNK = 64
Flags = dict[str, list[int]]


class Measuring:
    """All figures of one model; `run` writes them as they come.

    Args:
        group: processes.
        parts: the networks.
        clips: of each size or difficulty.
        target: JSON file.
        limit: seconds after which nothing new is begun.
    """

    def __init__(self, group: Group, parts: Parts, clips: int, target: Path, limit: float) -> None:
        self.group, self.parts, self.clips, self.target, self.limit = group, parts, clips, target, limit
        self.began = time.perf_counter()
        cuda = group.device.type == "cuda"
        self.pool = ScoringPool(worker_count(group.size) if cuda else 0)
        self.generator = torch.Generator(group.device).manual_seed(17 + group.rank)
        self.mine = list(range(group.rank, clips, group.size))
        self.result: dict[str, Any] = report._facts(group, clips)
        self.flags: dict[str, Flags] = {}

    def run(self) -> None:
        """Everything, what matters most first."""
        boards = self._boards()
        regular = {size: self._regular_levels(size) for size in SIZES}
        free = {kind: self._free_levels(kind) for kind in ("distractors", "texture")}
        self._reconstructions(boards, regular, free)
        for steps in STEPS:
            if self._is_late():
                break
            how = Sampler(steps=steps)
            self._all_regular(how, regular)
            self._all_free(how, free)
            self._all_boards(how, boards)
            if steps == LOOK_STEPS:
                self._new_looks(how, boards, regular)
                self._text_alone()
        self._write()

    def _is_late(self) -> bool:
        return self.group.agree(time.perf_counter() - self.began) > self.limit

    # levels

    def _regular_levels(self, size: int) -> Levels:
        levels = held_out_levels(size, self.clips, 1, self.group.device)
        return levels.select(torch.tensor(self.mine, device=self.group.device))

    def _free_levels(self, kind: str) -> Levels:
        levels = free_levels(kind, self.clips, self.group.device)
        chosen = [index for index in self.mine if index < len(levels)]
        return levels.select(torch.tensor(chosen, device=self.group.device))

    def _boards(self) -> dict[str, list[HeldOutBoard]]:
        words = [(str(kind), str(hard), seed) for kind, hard in BOARDS for seed in self.mine]
        made = self.pool.levels(words)
        count = len(self.mine)
        return {
            f"{kind} {hard}": made[index * count : (index + 1) * count]
            for index, (kind, hard) in enumerate(BOARDS)
        }

    # clips

    def _sampled(self, first: Tensor, captions: list[str], how: Sampler) -> Tensor:
        """Clips in [0, 1] from first frames [B, 96, 96, 3]."""
        out = []
        for start in range(0, len(captions), CHUNK):
            part = slice(start, start + CHUNK)
            latents = sample(
                self.parts.model,
                self.parts.embed(captions[part]),
                self.parts.first_latents(first[part]),
                how,
                self.generator,
                autocast=self.parts.autocast,
            )
            out.append(self.parts.pictures(latents))
        return torch.cat(out)

    @torch.no_grad()
    def _restored(self, clips: Tensor) -> Tensor:
        out = []
        for start in range(0, len(clips), CHUNK):
            part = clips[start : start + CHUNK].permute(0, 4, 1, 2, 3) * 2 - 1
            z = encode_clip(self.parts.vae, part)[0]
            out.append(decode_clip(self.parts.vae, z).float().permute(0, 2, 3, 4, 1).clamp(-1, 1) / 2 + 0.5)
        return torch.cat(out)

    # what is measured

    def _all_regular(self, how: Sampler, levels: dict[int, Levels]) -> None:
        for size, each in levels.items():
            clips = self._sampled(render(each, 1)[:, 0], each.captions(), how)
            self._judge_regular(how.name(), f"regular {size}x{size}", each, clips)

    def _judge_regular(self, row: str, key: str, levels: Levels, clips: Tensor) -> None:
        found = _verdicts(levels, clips)
        self._keep(row, key, found[0].int().tolist())
        self._keep(row, f"{key} strict", found[4].int().tolist())

    def _all_free(self, how: Sampler, levels: dict[str, Levels]) -> None:
        for kind, each in levels.items():
            clips = self._sampled(render(each, 1)[:, 0], each.captions(), how)
            self._judge_free(how.name(), kind, each, clips)

    def _judge_free(self, row: str, kind: str, levels: Levels, clips: Tensor) -> None:
        self._judge_regular(row, f"with {kind}", levels, clips)
        measured = grey_area(levels, clips) if kind == "distractors" else contrast(levels, clips)
        name = "distractor area" if kind == "distractors" else "texture contrast"
        self.result.setdefault("free_content", {}).setdefault(row, {})[name] = self._mean(measured)

    def _all_boards(self, how: Sampler, boards: dict[str, list[HeldOutBoard]]) -> None:
        begun = {}
        for key, drawn in boards.items():
            first = self._pictures(drawn)
            clips = self._sampled(first, [board.caption for board in drawn], how)
            begun[key] = self.pool.begin(drawn, _bytes(clips))
        self._judge_boards(how.name(), begun)

    def _judge_boards(self, row: str, begun: dict[str, Any]) -> None:
        for key, waiting in begun.items():
            found = self.pool.finish(waiting)
            self._keep(row, key, [int(each["success"]) for each in found])
            failures = Counter(each["failure"] or "none" for each in found)
            self.result.setdefault("failures", {}).setdefault(row, {})[key] = self._counted(failures)
        self._write()

    def _new_looks(
        self, how: Sampler, boards: dict[str, list[HeldOutBoard]], regular: dict[int, Levels]
    ) -> None:
        """Colour channels in an order that training never saw; clips are turned back to be judged."""
        row, order = f"{how.name()}, unseen looks", list(UNSEEN_SWAP)
        for size, each in regular.items():
            shown = replace(each, colours=each.colours[..., order])
            captions = [text.without_colours(words) for words in each.captions()]
            clips = self._sampled(render(shown, 1)[:, 0], captions, how)
            self._judge_regular(row, f"regular {size}x{size}", shown, clips)
        begun, back = {}, [order.index(channel) for channel in range(3)]
        for key, drawn in boards.items():
            captions = [board.caption.replace(f" {board.skin} ", " ") for board in drawn]
            clips = self._sampled(self._pictures(drawn)[..., order], captions, how)
            begun[key] = self.pool.begin(drawn, _bytes(clips[..., back]))
        self._judge_boards(row, begun)

    def _text_alone(self) -> None:
        how = Sampler(steps=20)
        for name, at_once in (("at once", True), ("first frame first", False)):
            found = from_text_alone(self.parts, how, self.clips, at_once=at_once)
            self.result.setdefault("from_text", {})[f"{how.name()}, {name}"] = found
        self._write()

    def _reconstructions(
        self, boards: dict[str, list[HeldOutBoard]], regular: dict[int, Levels], free: dict[str, Levels]
    ) -> None:
        row = "reconstruction"
        for size, each in regular.items():
            self._judge_regular(row, f"regular {size}x{size}", each, self._restored(render(each)))
        for kind, each in free.items():
            self._judge_free(row, kind, each, self._restored(render(each)))
        begun = {}
        for key, drawn in boards.items():
            clips = torch.from_numpy(self.pool.clips(drawn)).to(self.group.device).float() / 255
            begun[key] = self.pool.begin(drawn, _bytes(self._restored(clips)))
        self._judge_boards(row, begun)

    def _pictures(self, drawn: list[HeldOutBoard]) -> Tensor:
        first = torch.from_numpy(np.stack([board.picture for board in drawn]))
        return first.to(self.group.device).float() / 255

    # sums over processes

    def _keep(self, row: str, key: str, flags: list[int]) -> None:
        self.flags.setdefault(row, {})[key] = [flag for part in self._gathered(flags) for flag in part]

    def _gathered(self, value: Any) -> list[Any]:
        if self.group.size == 1:
            return [value]
        found: list[Any] = [None] * self.group.size
        dist.all_gather_object(found, value)
        return found

    def _mean(self, values: Tensor) -> float:
        together = [value for part in self._gathered(values.tolist()) for value in part]
        return sum(together) / max(1, len(together))

    def _counted(self, found: Counter[str]) -> dict[str, int]:
        return dict(sum(self._gathered(found), Counter()).most_common())

    def _write(self) -> None:
        """Tables of what there is so far."""
        self.result["seconds"] = round(time.perf_counter() - self.began, 1)
        self.result["success"] = {
            row: {key: _share(flags) for key, flags in keys.items()} for row, keys in self.flags.items()
        }
        few = Sampler(steps=5).name()
        self.result["more_steps"] = {
            row: {key: _paired(self.flags[few][key], flags) for key, flags in self.flags[row].items()}
            for row in (Sampler(steps=20).name(), Sampler(steps=50).name())
            if row in self.flags and few in self.flags
        }
        if self.group.rank == 0:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self.target.write_text(json.dumps(self.result, indent=1) + "\n")
            latest = list(self.flags)[-1]
            shown = {key: value["mean"] for key, value in self.result["success"][latest].items()}
            print(self.result["seconds"], "s", latest, shown, self.result.get("free_content"), flush=True)


def _bytes(clips: Tensor) -> NDArray[np.uint8]:
    out: NDArray[np.uint8] = (clips.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    return out


def _share(flags: list[int]) -> dict[str, Any]:
    return dict(share_interval(sum(flags), len(flags)).rounded(4), clips=len(flags))


def _paired(before: list[int], after: list[int]) -> dict[str, float | None]:
    """Mean difference on the same levels, with a 95 % interval."""
    return paired_mean_interval(after, before).rounded(4)


def measure(
    group: Group, vae_folder: Path, out: Path, clips: int, layers: int, target: Path, limit: float
) -> None:
    """Write all figures of a run or of an exported folder to `target`."""
    trained = report.load(out, layers, group.device)
    vae = AutoencoderKLWan.from_pretrained(vae_folder, torch_dtype=torch.float32).to(group.device).eval()
    Measuring(group, Parts(trained.model, vae, trained.encoder, group), clips, target, limit).run()
