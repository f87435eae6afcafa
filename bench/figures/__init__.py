"""One file a group of figures: its contenders, and what must hold."""
