"""From the settings of one clip to everything that is known before weights are loaded.

A run and its dry run, and every clip of a calibration, are resolved by the same call, so that all refuse the
same things. Nothing here imports torch before a maze is drawn or `LoadPlan.load_options` is asked for.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidkit.config.schema import GenerateSettings, Weights
from vidkit.errors import ConfigError
from vidkit.generation.checkpoint import checkpoint_file, fetch_checkpoint
from vidkit.generation.first_frame import MAZE, FirstFrame, first_frame, listed_paths
from vidkit.generation.folder import check_folder, embedded_folder, local_folder
from vidkit.generation.lora import Lora, check_loras, parse_loras
from vidkit.generation.magi.files import check_published, hub_patterns, is_published, spec_from_published
from vidkit.generation.prompt import text_or_file
from vidkit.generation.sparse import is_dense
from vidkit.generation.spec import RANDOM_LABEL, ModelSpec, Request, spec_from_folder
from vidkit.generation.validate import check_given, check_request
from vidkit.utils.device import expected_kind
from vidkit.utils.seeding import draw_seed

if TYPE_CHECKING:
    from vidkit.generation.load import LoadOptions


@dataclass(frozen=True)
class LoadPlan:
    """How weights will be held, in names; see `LoadOptions`.

    Attributes:
        device: auto, cpu, cuda or cuda:N.
        dtype: of the transformer: auto, bf16, fp16 or fp32.
        vae_dtype: likewise; auto: that of the transformer.
    """

    device: str
    dtype: str
    vae_dtype: str
    offload: str
    vae_tiling: bool
    vae_slicing: bool
    weights_seed: int
    loras: tuple[Lora, ...] = ()
    quantize: str = "none"
    checkpoint: str | None = None

    @property
    def on_cpu(self) -> bool:
        """Whether the run will be on the CPU, found out without torch."""
        return expected_kind(self.device) == "cpu"

    @property
    def expected_dtype(self) -> str:
        """The name behind `auto`, found out without torch."""
        if self.dtype != "auto":
            return self.dtype
        return "fp32" if self.on_cpu else "bf16"

    @property
    def expected_vae_dtype(self) -> str:
        """Likewise of the VAE."""
        return self.expected_dtype if self.vae_dtype == "auto" else self.vae_dtype

    def load_options(self) -> LoadOptions:
        """The same with torch's own types; imports torch.

        Raises:
            ConfigError: a device that is not there.
        """
        from vidkit.utils.device import resolve_device, resolve_dtype

        device = resolve_device(self.device)
        from vidkit.utils.quiet import quiet_libraries

        with quiet_libraries():
            from vidkit.generation.load import LoadOptions

        return LoadOptions(
            device=device,
            dtype=resolve_dtype(self.dtype, device),
            vae_dtype=resolve_dtype(self.dtype if self.vae_dtype == "auto" else self.vae_dtype, device),
            offload=self.offload,
            vae_tiling=self.vae_tiling,
            vae_slicing=self.vae_slicing,
            weights_seed=self.weights_seed,
            loras=self.loras,
            quantize=self.quantize,
            checkpoint=None if self.checkpoint is None else fetch_checkpoint(self.checkpoint),
        )


@dataclass(frozen=True)
class ResolvedRun:
    """One clip to make, checked.

    Attributes:
        settings: as given, with the seed that was drawn.
        spec: shapes of the model, those of its folder where there is one.
        folder: of the model's files; None for random weights, and for a hub model before `with_files`.
        request: what shapes the clip.
        frame: its first frame.
        options: how weights will be held.
    """

    settings: GenerateSettings
    spec: ModelSpec
    folder: Path | None
    request: Request
    frame: FirstFrame
    options: LoadPlan

    @property
    def is_random(self) -> bool:
        """Whether the weights are random."""
        return self.settings.model.weights is Weights.random

    @property
    def table_model(self) -> str:
        """The name that a threshold table must have been made for."""
        return table_model(self.settings)

    def with_files(self) -> ResolvedRun:
        """Fetch a hub model and check the request again: its files beat the config."""
        if self.folder is not None or self.is_random:
            return self
        from vidkit.generation.load import download

        assert self.settings.model.path is not None
        patterns = hub_patterns(self.spec.variant) if self.spec.is_magi else None
        folder = download(self.settings.model.path, self.settings.model.revision, patterns)
        spec = read_shapes(self.spec, folder)
        check_request(spec, self.request)
        return dataclasses.replace(self, spec=spec, folder=folder)


def resolve(
    settings: GenerateSettings,
    *,
    model: tuple[ModelSpec, Path | None] | None = None,
    draw: bool = True,
) -> ResolvedRun:
    """Find the model, make the first frame and the request, and refuse what cannot be.

    Args:
        settings: of `vidkit generate`, or of one clip of a calibration.
        model: shapes and folder where `find_model` has them already.
        draw: make the first frame; without, a maze is only noted, which needs no torch.

    Raises:
        ModelError: a folder that is missing, damaged, or of another family.
        ConfigError: sizes, lengths or schedules that the model cannot serve.
        VideoError: an image that cannot be read.
    """
    settings = dataclasses.replace(
        settings,
        seed=draw_seed() if settings.seed is None else settings.seed,
        negative_prompt=text_or_file(settings.negative_prompt, "negative_prompt"),
    )
    spec, folder = find_model(settings) if model is None else model
    frame = FirstFrame(None, given=settings.image is not None or spec.needs_image)
    check_given(spec, make_request(settings, frame))  # before files are read
    files = (settings.image, settings.last_image, settings.video, settings.mask, settings.reference)
    if draw or any(file not in (None, MAZE) for file in files):
        frame = first_frame(settings, spec)
    request = make_request(settings, frame)
    check_request(spec, request)
    _check_fitted(spec, settings)
    _check_checkpoint(spec, settings)
    if request.by_chunks:
        _check_streamed(spec, settings)
    return ResolvedRun(settings, spec, folder, request, frame, _load_plan(settings, spec))


def find_model(settings: GenerateSettings) -> tuple[ModelSpec, Path | None]:
    """Shapes, and the local folder if there is one; a hub id is not fetched yet.

    Raises:
        ModelError: a folder that is missing, damaged, or of another family.
    """
    model = settings.model
    spec = ModelSpec(
        model.name,
        model.family.value,
        model.transformer,
        model.vae,
        model.text_encoder,
        model.image_encoder,
        model.variant,
        model.transformer_2,
        model.boundary_ratio,
        model.expand_timesteps,
        model.parts,
    )
    if model.weights is Weights.random:
        return spec, None
    if model.path is not None:
        folder = local_folder(model.path)
    elif model.weights is Weights.embedded:
        folder = embedded_folder(model.name)
    else:
        raise ConfigError(
            "model.weights=pretrained needs a model, but model.path is not set",
            "pass model.path=... or model.weights=random",
        )
    if folder is None:
        return spec, None
    return read_shapes(spec, folder), folder


def read_shapes(spec: ModelSpec, folder: Path) -> ModelSpec:
    """Check a folder and take its shapes, in diffusers' layout or that of MAGI-1's authors.

    Raises:
        ModelError: damaged, or of another family.
    """
    if spec.is_magi and is_published(folder):
        check_published(folder, spec)
        return spec_from_published(spec, folder)
    check_folder(folder, spec.family)
    return spec_from_folder(spec, folder)


def _check_fitted(spec: ModelSpec, settings: GenerateSettings) -> None:
    """Refuse by name what is made for transformers whose tokens all see each other."""
    if spec.layout is not None:
        _check_stock(spec, settings)
    if not spec.is_magi:
        return
    if not is_dense(settings.attention):
        raise ConfigError(
            f"sparse attention does not run on '{spec.name}': its chunks see each other within a range, which"
            " no predictor knows of",
            "set attention=dense; magi.kv_range shortens the range",
        )
    if settings.lora:
        raise ConfigError(f"lora={settings.lora} does not go with '{spec.name}'", "leave lora= out")
    for name, value, allowed in (
        ("attention.backend", settings.attention.backend.value, ("auto", "native")),
        ("compile", settings.compile.value, ("auto", "off")),
        ("model.quantize", settings.model.quantize.value, ("none",)),
    ):
        if value not in allowed:
            raise ConfigError(
                f"{name}={value} does not run on '{spec.name}': MAGI-1 runs in plain torch",
                f"set {name}={allowed[-1]}",
            )


def _check_stock(spec: ModelSpec, settings: GenerateSettings) -> None:
    """Refuse what needs a loop that these families do not have."""
    if settings.parallel.value != "none":
        raise ConfigError(
            f"parallel={settings.parallel.value} does not run on '{spec.name}'",
            "set parallel=none, and start a process for each clip",
        )


def _check_checkpoint(spec: ModelSpec, settings: GenerateSettings) -> None:
    """A file of weights is for a Wan transformer beside a whole folder, and is there or on the hub."""
    given = settings.model.checkpoint
    if given is None or settings.model.weights is Weights.random:
        return
    if settings.model.weights is not Weights.pretrained:
        raise ConfigError(
            f"model.checkpoint={given} does not go with model.weights={settings.model.weights.value}",
            "leave model.checkpoint out, or set model.weights=pretrained and model.path",
        )
    if spec.family != "wan" or spec.transformer_2:
        raise ConfigError(
            f"model.checkpoint={given} does not go with '{spec.name}'",
            "it is for models of Wan with one transformer",
        )
    checkpoint_file(given)


def _check_streamed(spec: ModelSpec, settings: GenerateSettings) -> None:
    """Refuse what acts on whole forwards, or moves parts that work side by side here."""
    for name, value, instead in (
        ("attention", "dense" if is_dense(settings.attention) else settings.attention.predictor, "dense"),
        ("cache", settings.cache.name, "none"),
        ("model.offload", settings.model.offload.value, "none"),
        ("model.vae_tiling", str(settings.model.vae_tiling).lower(), "false"),
    ):
        if value != instead:
            raise ConfigError(
                f"{name}={value} does not go with '{spec.name}' made chunk by chunk: chunks pass the layers"
                " one by one, and are decoded meanwhile",
                f"set {name}={instead}",
            )


def table_model(settings: GenerateSettings) -> str:
    """The name that a threshold table must have been made for."""
    random = settings.model.weights is Weights.random
    return f"{settings.model.name} ({RANDOM_LABEL})" if random else settings.model.name


def make_request(settings: GenerateSettings, frame: FirstFrame) -> Request:
    """The part of the settings that shapes the clip."""
    names = {field.name for field in dataclasses.fields(Request)}
    names -= {"prompt", "has_image", "has_last_image", "has_video", "has_mask", "references", "sampler"}
    return Request(
        **{name: getattr(settings, name) for name in names},
        sampler=settings.sampler.value,
        prompt=frame.prompt if not settings.prompt else settings.prompt,
        has_image=frame.given,
        has_last_image=settings.last_image is not None,
        has_video=settings.video is not None,
        has_mask=settings.mask is not None,
        references=len(listed_paths(settings.reference)),
    )


def _load_plan(settings: GenerateSettings, spec: ModelSpec) -> LoadPlan:
    model = settings.model
    own = "auto" if spec.layout is not None and not spec.layout.fp32_vae else "fp32"
    return LoadPlan(
        device=settings.device,
        dtype=settings.dtype.value,
        vae_dtype=own if model.vae_dtype.value == "auto" else model.vae_dtype.value,
        offload=model.offload.value,
        vae_tiling=model.vae_tiling,
        vae_slicing=model.vae_slicing,
        weights_seed=model.weights_seed,
        loras=check_loras(parse_loras(settings.lora)),
        quantize=model.quantize.value,
        checkpoint=None if model.weights is Weights.random else model.checkpoint,
    )
