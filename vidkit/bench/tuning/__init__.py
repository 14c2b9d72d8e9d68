"""The fastest settings of a model that keep its clips: what is tried, in which order, what is chosen."""
