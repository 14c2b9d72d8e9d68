"""Entry for lmms-eval: `LMMS_EVAL_PLUGINS=vidkit.evaluation.lmms` makes the tasks below known to it."""
