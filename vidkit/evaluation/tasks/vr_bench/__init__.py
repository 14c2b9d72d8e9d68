"""VR-Bench (arXiv 2511.15065): reasoning by generated video, and by vision-language models."""

OWN_RUNS = {
    "make": "vidkit.evaluation.tasks.vr_bench.making:make_levels",
    "videos": "vidkit.evaluation.tasks.vr_bench.scoring_run:score_videos",
}

__all__ = ["OWN_RUNS"]
