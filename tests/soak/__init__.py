"""``make soak``: an hour at fifty times the shipped pace, a fault every minute; not part of ``make test``."""
