"""Pictures that come while a clip is made: decoding in parts, threads, and a file that is never torn."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKLCogVideoX,
    AutoencoderKLHunyuanVideo15,
    AutoencoderKLLTX2Video,
    AutoencoderKLWan,
)

from vidkit.commands.generate.pictures import StreamedClip
from vidkit.errors import OutputError
from vidkit.generation.decode import decoded_parts, streams
from vidkit.models.stream_decoder import StreamDecoder, channels_last
from vidkit.utils.conveyor import Conveyor
from vidkit.video.reading import read_clip
from vidkit.video.writing import encode_mp4

PLAIN = {"base_dim": 4, "z_dim": 4, "dim_mult": [1, 2, 2], "num_res_blocks": 1,
         "temperal_downsample": [True, True], "latents_mean": [0] * 4, "latents_std": [1] * 4}  # fmt: skip
RESIDUAL = {"base_dim": 8, "decoder_base_dim": 12, "z_dim": 4, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 1,
            "patch_size": 2, "in_channels": 12, "out_channels": 12, "is_residual": True,
            "latents_mean": [0.0] * 4, "latents_std": [1.0] * 4}  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sizes"),
    [(PLAIN, [3, 3, 1]), (PLAIN, [1, 2, 4]), (PLAIN, [7]), (RESIDUAL, [2, 1])],
    ids=["wan2.1", "single-first", "at-once", "wan2.2"],
)
def test_parts_of_a_clip_decode_as_the_whole(arguments: dict, sizes: list[int]) -> None:
    torch.manual_seed(0)
    vae = AutoencoderKLWan(**arguments).eval()
    latents = torch.randn(1, 4, sum(sizes), 2, 2)
    with torch.no_grad():
        whole = vae.decode(latents, return_dict=False)[0]
    decoder = StreamDecoder(vae)
    parts = [decoder.push(part) for part in latents.split(sizes, dim=2)]
    torch.testing.assert_close(torch.cat(parts, dim=2), whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize("arguments", [PLAIN, RESIDUAL], ids=["wan2.1", "wan2.2"])
def test_quicker_ways_of_decoding_give_the_same_pictures(arguments: dict) -> None:
    torch.manual_seed(0)
    vae = AutoencoderKLWan(**arguments).eval()
    latents = torch.randn(1, 4, 9, 2, 2)
    plain = StreamDecoder(vae)
    wanted = torch.cat([plain.push(part) for part in latents.split(3, dim=2)], dim=2)
    graphs = []

    def counted(graph, inputs):
        graphs.append(graph)
        return graph.forward

    def compiler(step):
        torch._dynamo.reset()
        return torch.compile(step, backend=counted, fullgraph=True, dynamic=False)

    for at_once, chosen in ((2, None), (3, None), (3, compiler)):
        before, decoder = len(graphs), StreamDecoder(vae, at_once, chosen)
        made = torch.cat([decoder.push(part) for part in latents.split(3, dim=2)], dim=2)
        torch.testing.assert_close(made, wanted, rtol=0, atol=1e-5)
        assert len(graphs) - before == (chosen is not None)  # one graph for all steps
    channels_last(vae)
    decoder = StreamDecoder(vae)
    made = torch.cat([decoder.push(part) for part in latents.split(3, dim=2)], dim=2)
    torch.testing.assert_close(made, wanted, rtol=0, atol=1e-5)


class Pipe:
    """As much of a pipeline as decoding needs."""

    _execution_device = torch.device("cpu")

    def __init__(self, vae) -> None:
        self.vae = vae

    def maybe_free_model_hooks(self) -> None:
        """Nothing is offloaded."""


def wan(arguments: dict):
    torch.manual_seed(0)
    return AutoencoderKLWan(**arguments).eval()


def cogvideox():
    torch.manual_seed(0)
    small = {"block_out_channels": (8, 8, 8, 8), "layers_per_block": 1, "norm_num_groups": 4}
    return AutoencoderKLCogVideoX(**small, latent_channels=4).eval()


@pytest.mark.parametrize(
    ("make", "frames", "counts"),
    [
        (lambda: wan(PLAIN), 4, [1, 4, 4, 4]),
        (lambda: wan(RESIDUAL), 2, [1, 4]),
        (cogvideox, 1, [1]),
        (cogvideox, 5, [9, 8]),
    ],
    ids=["wan2.1", "wan2.2", "cogvideox-picture", "cogvideox"],
)
def test_pictures_come_part_by_part_and_are_those_of_the_whole(make, frames, counts, monkeypatch) -> None:
    monkeypatch.setattr("vidkit.generation.decode.WHOLE_CLIP_BYTES", 0)
    pipe = Pipe(make())
    latents = torch.randn(1, 4, frames, 3, 2, generator=torch.Generator().manual_seed(1))
    parts = list(decoded_parts(pipe, latents))
    assert [len(part) for part in parts] == counts
    monkeypatch.setattr("vidkit.generation.decode.streams", lambda *_: False)
    (whole,) = decoded_parts(pipe, latents)
    assert np.array_equal(np.concatenate(parts), whole) and whole.std() > 0


def test_the_first_pictures_are_there_before_the_last_are_decoded(monkeypatch) -> None:
    monkeypatch.setattr("vidkit.generation.decode.WHOLE_CLIP_BYTES", 0)
    vae, calls = wan(PLAIN), []
    vae.decoder.register_forward_hook(lambda *_: calls.append(1))
    for number, _ in enumerate(decoded_parts(Pipe(vae), torch.randn(1, 4, 5, 2, 2)), 1):
        assert len(calls) == number


def test_tiles_and_vaes_that_look_ahead_come_as_a_whole() -> None:
    device, shape = torch.device("cpu"), (1, 4, 300, 64, 64)
    vae = wan(PLAIN)
    assert streams(vae, shape, device) and not streams(vae, (1, 4, 3, 4, 4), device)
    vae.enable_tiling()
    assert not streams(vae, shape, device)
    with torch.device("meta"):
        others = [AutoencoderKLHunyuanVideo15(), AutoencoderKLLTX2Video()]
    assert not any(streams(vae, shape, device) for vae in others)


def test_a_vae_that_is_offloaded_is_brought_back_before_each_part(monkeypatch) -> None:
    vae, brought = wan(PLAIN), []

    class Hook:
        def pre_forward(self, module) -> None:
            brought.append(module)

    vae._hf_hook = Hook()
    StreamDecoder(vae).push(torch.randn(1, 4, 1, 2, 2))
    assert brought == [vae]


def test_a_conveyor_keeps_the_order_and_does_everything() -> None:
    done: list[int] = []
    with Conveyor(done.append, waiting=2) as conveyor:
        for number in range(50):
            conveyor.push(number)
        conveyor.finish()
    assert done == list(range(50))


def test_few_things_wait() -> None:
    gate = threading.Event()
    pushed: list[int] = []

    def push_all() -> None:
        with Conveyor(lambda number: gate.wait(), waiting=2) as conveyor:
            for number in range(6):
                conveyor.push(number)
                pushed.append(number)
            conveyor.finish()

    thread = threading.Thread(target=push_all)
    thread.start()
    while len(pushed) < 3:  # one at work, two waiting
        time.sleep(0.01)
    time.sleep(0.2)
    assert len(pushed) == 3
    gate.set()
    thread.join(60)
    assert len(pushed) == 6


@pytest.mark.parametrize("where", ["push", "finish"])
def test_an_error_of_the_thread_comes_to_who_pushes(where: str) -> None:
    def work(number: int) -> None:
        raise ValueError(f"no {number}")

    with pytest.raises(ValueError, match="no 0"), Conveyor(work) as conveyor:
        conveyor.push(0)
        while where == "push":
            conveyor.push(1)
        conveyor.finish()


def test_an_error_of_who_pushes_ends_the_thread() -> None:
    with pytest.raises(RuntimeError, match="stop"), Conveyor(lambda number: None, name="ends") as conveyor:
        conveyor.push(1)
        raise RuntimeError("stop")
    assert "ends" not in [thread.name for thread in threading.enumerate()]


def frames(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 48, 3), dtype=np.uint8)


def test_a_streamed_file_is_the_one_that_is_written_at_once(tmp_path: Path) -> None:
    made = frames(40)
    encode_mp4(tmp_path / "whole.mp4", made, 16, 16)
    with StreamedClip(tmp_path / "x.mp4", (40, 32, 48), 16, 16) as clip:
        for part in np.array_split(made, [9, 21, 33]):
            clip.take(part)
            assert not (tmp_path / "x.mp4").exists()
        clip.finish()
        clip.write_video(tmp_path / "x.mp4", 16, 16)
        sheet = clip.sheet(16, "title")
    assert (tmp_path / "x.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert len(read_clip(tmp_path / "x.mp4").frames) == 40
    assert len(clip._kept) == 16  # those of the sheet, however long the clip
    assert sheet.width > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["whole.mp4", "x.mp4"]


def test_after_an_error_no_part_of_a_streamed_file_is_left(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), StreamedClip(tmp_path / "x.mp4", (40, 32, 48), 16, 16) as clip:
        clip.take(frames(9))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_every_frame_is_kept_where_a_judge_wants_it(tmp_path: Path) -> None:
    made = frames(20)
    with StreamedClip(None, (20, 32, 48), 16, 16, keep=True) as clip:
        clip.take(made[:9])
        with pytest.raises(OutputError, match="9 of 20 frames were kept"):
            clip.all()
        clip.take(made[9:])
        clip.finish()
    assert np.array_equal(clip.all(), made)


def test_a_folder_that_takes_no_file_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match="does not exist"),
        StreamedClip(tmp_path / "no" / "x.mp4", (4, 32, 48), 16, 16),
    ):
        raise AssertionError("it was entered")
