"""Rows of Video-MME-v2 as reported by the authors."""

from __future__ import annotations

from vidkit.evaluation.report.published import published_table
from vidkit.evaluation.types import ScoreTable

_COLUMNS = ("model", "frames", "Non-Lin", "L1", "L2", "L3", "Consistency", "Coherence", "Avg Acc")
# model, frames, then pairs: with and without subtitles
_ROWS = """
Human|-|90.7/-|94.8/-|91.1/-|87.9/-|91.7/-|88.9/-|94.9/-
Gemini-3-Pro|1 fps|49.4/38.2|64.0/43.2|50.0/45.4|40.6/30.2|50.8/39.7|47.0/35.4|66.1/56.8
Doubao-Seed-2.0-Pro|1 fps|43.3/35.2|54.4/41.3|47.0/42.6|34.1/26.2|43.7/37.1|42.5/31.6|60.5/53.1
Gemini-3-Flash|1 fps|42.5/32.9|58.3/41.5|44.8/37.4|31.7/25.0|44.9/35.6|38.2/28.0|61.1/52.4
Kimi-K2.5|512|40.7/33.0|51.8/41.1|43.4/37.8|32.2/24.8|40.6/34.0|40.9/31.0|58.0/51.2
MiMo-v2-Omni|1 fps|38.6/29.9|52.6/38.7|43.1/36.0|27.4/20.4|39.7/32.4|36.6/25.4|56.1/47.1
GPT-5|50|37.0/26.4|44.5/32.2|39.1/28.6|31.1/21.3|37.4/28.1|36.3/23.2|55.6/44.7
Qwen3.5-397B-Think|512|39.1/30.3|50.3/35.4|41.8/36.5|30.7/22.9|39.0/32.2|39.4/26.9|55.9/48.8
Qwen3.5-397B-Instruct|64|24.5/16.9|27.3/16.8|25.9/18.1|21.9/16.1|23.9/18.2|25.7/14.6|42.1/35.0
InternVL3.5-241B|64|23.1/15.8|28.2/18.1|23.7/16.3|19.6/14.1|23.4/17.2|22.5/13.2|41.4/32.9
Qwen3.5-9B-Think|512|26.2/19.5|30.5/21.8|30.1/24.5|20.9/14.6|25.8/21.0|26.8/16.8|44.5/36.8
Qwen3.5-9B-Instruct|64|18.3/10.3|20.7/11.5|17.6/9.9|17.4/10.0|16.7/10.6|21.2/9.9|35.5/26.0
LLaVA-Video-7B|64|9.7/7.2|15.9/12.7|7.4/5.6|7.5/5.1|9.9/8.5|9.0/4.8|24.0/19.9
"""
_NOTE = "arXiv 2604.05015; with/without subtitles (omni models: sound); frames differ"


def published() -> list[ScoreTable]:
    """The table of reported rows."""
    return [published_table(_COLUMNS, _ROWS, _NOTE)]
