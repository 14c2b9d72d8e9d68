"""Problems with seeded inputs and reference solutions, a file an area; `task_set.py` collects them."""
