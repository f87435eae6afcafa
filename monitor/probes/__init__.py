"""One file a kind of probe: what to watch of a path, frozen settings, run(), pure judge(); one table of all kinds.

Law: a probe never logs, never touches a metric, never reads the clock; it returns what it found.
"""
