"""Pictures and clips of levels: skins, sprites, one picture maker a kind of board."""
