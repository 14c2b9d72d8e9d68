"""Measuring of visual agents: schedules of the speculative funnel against the bound no schedule beats."""
