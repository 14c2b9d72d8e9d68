"""Training and measuring the embedded pair of agents; see scripts/train_agent_pair.py."""
