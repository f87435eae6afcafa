"""One file a kind of probe: frozen settings, run() or watch(), pure judge().

Law: a probe never logs, never touches a metric, never reads the clock; it returns what it found.
"""
