"""Train the embedded text-image encoder of `vidkit select-frames` on scenes drawn in code.

From the repository root, on one GPU; run it again to continue from the last checkpoint:

    python scripts/train_frame_encoder.py train --out runs/frame_encoder --seconds 1500
    python scripts/train_frame_encoder.py evaluate --out runs/frame_encoder
    python scripts/train_frame_encoder.py export --out runs/frame_encoder

Workers draw scenes all the time into a bank on the device; steps sample the bank. `export` writes a plain
transformers CLIP folder in fp16 (about 8 MB) with tokenizer, image processor, vocabulary and measured
accuracies.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

from vidkit.frames import scenes  # noqa: E402

SIDE, TOKENS, CAPTIONS, END = 96, 24, 4, 3
HELD_OUT = 1 << 40  # seeds from here on are never drawn in training
MEAN, STD = 0.5, 0.28


def vocabulary() -> list[str]:
    """Every word a caption can hold, found by drawing many of them."""
    words: set[str] = set()
    for group in (
        scenes.COLOURS,
        scenes.SHAPES,
        scenes.SIZES,
        scenes.PLACES,
        scenes.WORDS,
        scenes.COUNTS.values(),
    ):
        words.update(group)
    words.update(w for name in scenes.SETTINGS for w in name.split())
    words.update(s + "s" for s in scenes.SHAPES)
    words.update(["crosses", "people", "an", "a", "dark", "light", "many", "no"])
    rng = np.random.default_rng(0)
    for _ in range(2000):
        words.update(w for caption in scenes.draw_scene(rng, 48).captions for w in caption.split())
    return sorted(words)


def make_tokenizer(words: list[str]) -> Any:
    """A word-level tokenizer that ends every text with <end>, where CLIP's text tower reads its embedding."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<start>", "<unk>", "<end>"]  # <end> is not 2: CLIP reads that id by an old rule
    table = {word: i for i, word in enumerate([*special, *words])}
    inner = Tokenizer(models.WordLevel(table, unk_token="<unk>"))
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation()])
    inner.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[("<start>", 1), ("<end>", END)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", bos_token="<start>", eos_token="<end>", unk_token="<unk>",
        model_max_length=TOKENS,
    )  # fmt: skip


def make_model(words: int) -> Any:
    from transformers import CLIPConfig, CLIPModel, CLIPTextConfig, CLIPVisionConfig

    text = CLIPTextConfig(
        vocab_size=words, hidden_size=160, intermediate_size=480, num_hidden_layers=4, num_attention_heads=5,
        max_position_embeddings=TOKENS, pad_token_id=0, bos_token_id=1, eos_token_id=END, projection_dim=128,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=192, intermediate_size=640, num_hidden_layers=8, num_attention_heads=6, image_size=SIDE,
        patch_size=8, projection_dim=128,
    )  # fmt: skip
    return CLIPModel(
        CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=128)
    )


def encode_texts(tokenizer: Any, texts: list[str]) -> torch.Tensor:
    """Token ids [T, 24], padded; the end token is kept when a text is cut."""
    table = torch.zeros(len(texts), TOKENS, dtype=torch.int16)
    for row, ids in zip(table, tokenizer(texts)["input_ids"], strict=True):
        ids = ids if len(ids) <= TOKENS else [*ids[: TOKENS - 1], END]
        row[: len(ids)] = torch.tensor(ids, dtype=torch.int16)
    return table


class Scenes(torch.utils.data.IterableDataset):  # type: ignore[type-arg]
    """Endless chunks of freshly drawn scenes: pictures, some true captions each, one false caption each."""

    def __init__(self, words: list[str], first_seed: int, chunk: int = 128) -> None:
        self.words, self.first_seed, self.chunk = words, first_seed, chunk

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        import cv2

        cv2.setNumThreads(1)
        worker = torch.utils.data.get_worker_info()
        number, count = (worker.id, worker.num_workers) if worker else (0, 1)
        tokenizer = make_tokenizer(self.words)
        for start in itertools.count(self.first_seed + number * self.chunk, count * self.chunk):
            yield draw_chunk(tokenizer, range(start, start + self.chunk))


def draw_chunk(tokenizer: Any, seeds: range) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Pictures uint8 [N, 96, 96, 3], captions [N, 4, 24] and false captions [N, 24] of some seeds."""
    pictures, texts, false = [], [], []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        scene = scenes.draw_scene(rng, SIDE)
        pictures.append(torch.from_numpy(scene.picture))
        chosen = [str(c) for c in rng.choice(scene.captions, CAPTIONS)]
        texts += chosen
        wrong = [scenes.alter_caption(c, scene.captions, rng) for c in chosen]
        false.append(next((w for w in wrong if w), "no picture"))
    return (
        torch.stack(pictures),
        encode_texts(tokenizer, texts).view(-1, CAPTIONS, TOKENS),
        encode_texts(tokenizer, false),
    )


class Bank:
    """A ring of scenes on the device that steps sample while workers refill it."""

    def __init__(self, size: int, device: torch.device) -> None:
        self.pictures = torch.zeros(size, SIDE, SIDE, 3, dtype=torch.uint8, device=device)
        self.texts = torch.zeros(size, CAPTIONS, TOKENS, dtype=torch.int16, device=device)
        self.false = torch.zeros(size, TOKENS, dtype=torch.int16, device=device)
        self.drawn = 0

    def add(self, chunk: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> None:
        place = (torch.arange(len(chunk[0])) + self.drawn) % len(self.pictures)
        for store, values in zip((self.pictures, self.texts, self.false), chunk, strict=True):
            store[place.to(store.device)] = values.to(store.device)
        self.drawn += len(place)

    def sample(self, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        rows = torch.randint(min(self.drawn, len(self.pictures)), (count,), device=self.pictures.device)
        which = torch.randint(CAPTIONS, (count,), device=rows.device)
        return self.pictures[rows], self.texts[rows, which].long(), self.false[rows].long()


def to_pixels(pictures: torch.Tensor, jitter: bool = False) -> torch.Tensor:
    pixels = pictures.permute(0, 3, 1, 2).float() / 255
    if jitter:  # small shifts and changes of light, on top of what the drawing already varies
        gain = 1 + 0.1 * torch.randn(len(pixels), 1, 1, 1, device=pixels.device)
        shift = tuple(int(v) for v in torch.randint(-3, 4, (2,)))
        pixels = torch.roll(pixels * gain, shift, dims=(2, 3)).clamp(0, 1)
    return (pixels - MEAN) / STD


def embed_texts(model: Any, ids: torch.Tensor) -> torch.Tensor:
    found = model.get_text_features(input_ids=ids, attention_mask=(ids != 0).long())
    return F.normalize(getattr(found, "pooler_output", found).float(), dim=-1)


def embed_pictures(model: Any, pictures: torch.Tensor, jitter: bool = False) -> torch.Tensor:
    found = model.get_image_features(pixel_values=to_pixels(pictures, jitter))
    return F.normalize(getattr(found, "pooler_output", found).float(), dim=-1)


def contrastive_loss(model: Any, batch: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Symmetric InfoNCE; equal captions are all right answers, altered captions are extra wrong ones."""
    pictures, texts, false = batch
    image = embed_pictures(model, pictures, jitter=True)
    text = embed_texts(model, torch.cat([texts, false]))
    scale = model.logit_scale.exp().clamp(max=100)
    logits = scale * image @ text.T
    true = (texts[:, None] == texts[None]).all(-1).float()
    right = F.pad(true, (0, len(false)))
    by_image = -(right / right.sum(1, keepdim=True) * logits.log_softmax(1)).sum(1).mean()
    by_text = -(true / true.sum(0) * logits[:, : len(texts)].log_softmax(0)).sum(0).mean()
    return (by_image + by_text) / 2


def train(args: argparse.Namespace) -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(args.seed)
    words = vocabulary()
    model = make_model(len(words) + 4).to(device)
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decay, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, 0.98))
    args.out.mkdir(parents=True, exist_ok=True)
    state_file, step, spent, drawn = args.out / "state.pt", 0, 0.0, 0
    if state_file.exists():
        state = torch.load(state_file, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent, drawn = state["step"], state["seconds"], state["drawn"]
    # the schedule spans --total seconds over all runs
    total = args.total or spent + args.seconds
    loader = torch.utils.data.DataLoader(
        Scenes(words, drawn + args.seed * (1 << 32)), batch_size=None, num_workers=args.workers,
        prefetch_factor=8 if args.workers else None,
    )  # fmt: skip
    chunks, bank = iter(loader), Bank(args.bank, device)
    while bank.drawn < min(args.bank, max(args.batch * 4, 2000)):
        bank.add(next(chunks))
    log, begin, saved, losses = (args.out / "log.jsonl").open("a"), time.time(), time.time(), []
    while (elapsed := time.time() - begin) < args.seconds:
        share = min(1.0, (spent + elapsed) / total)
        warm = min(1.0, (step + 1) / 300)
        for group in optimizer.param_groups:
            group["lr"] = args.lr * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
        bank.add(next(chunks))
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
            loss = contrastive_loss(model, bank.sample(args.batch))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        losses.append(loss.detach())
        if step % args.every == 0:
            row = {
                "step": step,
                "seconds": round(spent + elapsed, 1),
                "loss": torch.stack(losses).mean().item(),
            }
            row |= {"drawn": drawn + bank.drawn, "lr": optimizer.param_groups[0]["lr"]}
            losses.clear()
            print(json.dumps(row), flush=True)
            log.write(json.dumps(row) + "\n")
            log.flush()
        if time.time() - saved > 120:
            save(state_file, model, optimizer, step, spent + time.time() - begin, drawn + bank.drawn)
            saved = time.time()
    save(state_file, model, optimizer, step, spent + time.time() - begin, drawn + bank.drawn)


def save(file: Path, model: Any, optimizer: Any, step: int, seconds: float, drawn: int) -> None:
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "step": step,
        "seconds": seconds,
    }
    temporary = file.with_suffix(".tmp")
    torch.save(state | {"drawn": drawn}, temporary)
    os.replace(temporary, file)


def load(args: argparse.Namespace) -> tuple[Any, Any, torch.device, dict[str, Any]]:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    words = vocabulary()
    state = torch.load(args.out / "state.pt", map_location=device, weights_only=True)
    model = make_model(len(words) + 4).to(device).eval()
    model.load_state_dict(state["model"])
    return model, make_tokenizer(words), device, state


@torch.inference_mode()
def evaluate(args: argparse.Namespace) -> dict[str, Any]:
    """Accuracy on held-out scenes: each attribute against all its values, and retrieval of one in 256."""
    model, tokenizer, device, state = load(args)
    drawn = [scenes.draw_scene(np.random.default_rng(HELD_OUT + i), SIDE) for i in range(args.scenes)]
    pictures = torch.cat(
        [
            embed_pictures(
                model, torch.stack([torch.from_numpy(s.picture) for s in drawn[i : i + 256]]).to(device)
            )
            for i in range(0, len(drawn), 256)
        ]
    )
    texts = lambda rows: embed_texts(model, encode_texts(tokenizer, rows).long().to(device))  # noqa: E731
    result: dict[str, Any] = {
        "scenes": args.scenes,
        "step": state["step"],
        "seconds": round(state["seconds"]),
    }

    def score(name: str, wanted: list[int], prompts: list[list[str]], answers: list[int]) -> None:
        hits = [
            int((pictures[i] @ texts(rows).T).argmax()) == a
            for i, rows, a in zip(wanted, prompts, answers, strict=True)
        ]
        rate, n = float(np.mean(hits)), len(hits)
        chance = float(np.mean([1 / len(rows) for rows in prompts]))
        half = 1.96 * math.sqrt(rate * (1 - rate) / n)
        result[name] = {
            "accuracy": round(rate, 4),
            "half_interval": round(half, 4),
            "n": n,
            "chance": round(chance, 4),
        }

    single = [i for i, s in enumerate(drawn) if s.attributes.get("groups") == "1"]
    facts = [s.attributes for s in drawn]
    colours, shapes, counts = list(scenes.COLOURS), list(scenes.SHAPES), list(scenes.COUNTS)
    plural = lambda s, n: s if n == 1 else {"cross": "crosses", "person": "people"}.get(s, s + "s")  # noqa: E731
    noun = lambda i: plural(facts[i]["shape"], int(facts[i]["count"]))  # noqa: E731
    score(
        "colour",
        single,
        [[f"{c} {noun(i)}" for c in colours] for i in single],
        [colours.index(facts[i]["colour"]) for i in single],
    )
    score(
        "shape",
        single,
        [[f"{facts[i]['colour']} {plural(s, int(facts[i]['count']))}" for s in shapes] for i in single],
        [shapes.index(facts[i]["shape"]) for i in single],
    )

    def group(i: int, n: int) -> str:
        number = scenes.COUNTS[n] if n > 1 else "a"
        return f"{number} {facts[i]['colour']} {plural(facts[i]['shape'], n)}"

    score(
        "count",
        single,
        [[scenes.with_article(group(i, n)) for n in counts] for i in single],
        [counts.index(int(facts[i]["count"])) for i in single],
    )
    placed = [i for i in single if facts[i]["place"]]
    where = {p: "in the center" if p == "center" else f"on the {p}" for p in scenes.PLACES}
    score(
        "place",
        placed,
        [[f"{scenes.with_article(group(i, 1))} {place}" for place in where.values()] for i in placed],
        [list(where).index(facts[i]["place"]) for i in placed],
    )
    written = [i for i, f in enumerate(facts) if f["kind"] == "text"]
    score(
        "word",
        written,
        [[f"the word {w}" for w in scenes.WORDS]] * len(written),
        [scenes.WORDS.index(facts[i]["word"]) for i in written],
    )
    settings = [i for i, f in enumerate(facts) if f["kind"] == "setting"]
    score(
        "setting",
        settings,
        [[f"a {s}" for s in scenes.SETTINGS]] * len(settings),
        [scenes.SETTINGS.index(facts[i]["setting"]) for i in settings],
    )
    mazes = [i for i, f in enumerate(facts) if f["kind"] == "maze"]
    kinds = ["a maze", "a red circle", "the word news", "a forest", "a day sky"]
    score("maze", mazes, [kinds] * len(mazes), [0] * len(mazes))
    captions = texts([s.captions[1] for s in drawn])
    ranks = [
        (pictures[i : i + 256] @ captions[i : i + 256].T).argmax(1).cpu() == torch.arange(256)
        for i in range(0, len(drawn) - 255, 256)
    ]
    result["retrieval_1_of_256"] = round(float(torch.cat(ranks).float().mean()), 4) if ranks else None
    (args.out / "metrics.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    return result


def export(args: argparse.Namespace) -> None:
    """Write the folder that ships."""
    from transformers import CLIPImageProcessor

    model, tokenizer, _, _ = load(args)
    folder = args.folder
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    CLIPImageProcessor(
        size={"height": SIDE, "width": SIDE}, do_center_crop=False, image_mean=[MEAN] * 3, image_std=[STD] * 3
    ).save_pretrained(folder)
    (folder / "words.txt").write_text("\n".join(vocabulary()) + "\n")
    for name in ("metrics.json", "log.jsonl"):
        if (args.out / name).exists():
            (folder / name).write_text((args.out / name).read_text())
    size = sum(f.stat().st_size for f in folder.iterdir())
    print(
        f"{folder}: {size / 1e6:.1f} MB, {sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=("train", "evaluate", "export"))
    parser.add_argument("--out", type=Path, default=Path("runs/frame_encoder"))
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "vidkit" / "frames" / "assets" / "frame_encoder"
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="of this run")
    parser.add_argument("--total", type=float, help="of all runs together; spans the learning-rate schedule")
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--bank", type=int, default=400_000, help="scenes kept on the device, 28 kB each")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--every", type=int, default=50, help="steps between log lines")
    parser.add_argument("--scenes", type=int, default=4096, help="held-out scenes to evaluate on")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    {"train": train, "evaluate": evaluate, "export": export}[args.stage](args)


if __name__ == "__main__":
    main()
