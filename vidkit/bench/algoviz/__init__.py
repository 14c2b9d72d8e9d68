"""How often trackers are right: 200 tasks, levels S0 to S5, models and directories of programs over them."""
