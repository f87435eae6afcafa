"""The one composition root: settings, probes, links, judgement and publishers put together, and run.

Law: everything is wired here and nothing is decided here.
"""

from monitor.daemon.main import probe_once, run, serve

__all__ = ["probe_once", "run", "serve"]
