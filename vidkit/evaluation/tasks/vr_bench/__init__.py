"""VR-Bench (arXiv 2511.15065): reasoning by generated video, and by vision-language models."""

from vidkit.evaluation.tasks.vr_bench.published import published
from vidkit.evaluation.tasks.vr_bench.vlm_questions import (
    REQUIRED,
    data_files,
    items,
    prompt,
    record_id,
    rows_in,
    visuals,
)
from vidkit.evaluation.tasks.vr_bench.vlm_scores import (
    HEADLINES,
    VlmSettings,
    comparable,
    score,
    score_options,
)

config = VlmSettings
BUDGETED = False
CLIPS = "vidkit.evaluation.tasks.vr_bench.wanted_clips:wanted_clips"
COMPARES = "vidkit.evaluation.tasks.vr_bench.comparing"
OWN_RUNS = {
    "make": "vidkit.evaluation.tasks.vr_bench.making:make_levels",
    "videos": "vidkit.evaluation.tasks.vr_bench.scoring_run:score_videos",
    "rescore": "vidkit.evaluation.tasks.vr_bench.rescoring:rescore",
}
RUN_SETTINGS = {
    "--make": "vidkit.evaluation.tasks.vr_bench.making:MakeOptions",
    "--videos": "vidkit.evaluation.tasks.vr_bench.scoring_options:ScoringOptions",
    "--rescore": "vidkit.evaluation.tasks.vr_bench.scoring_options:ScoringOptions",
    "--model FOLDER": "vidkit.evaluation.tasks.vr_bench.wanted_clips:WantedOptions",
    "--model maze_demo": "vidkit.evaluation.tasks.vr_bench.embedded_clips:EmbeddedOptions",
}

__all__ = [
    "BUDGETED",
    "CLIPS",
    "COMPARES",
    "HEADLINES",
    "OWN_RUNS",
    "REQUIRED",
    "RUN_SETTINGS",
    "comparable",
    "config",
    "data_files",
    "items",
    "prompt",
    "published",
    "record_id",
    "rows_in",
    "score",
    "score_options",
    "visuals",
]
