"""What a level consists of: one file a maze type, with its generator, its moves and its geometry."""
