"""How each kind of data structure is laid out: one file a kind, all with the methods of `base.Painter`."""
