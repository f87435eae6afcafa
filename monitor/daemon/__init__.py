"""The one composition root: settings, probes, links, judgement and publishers put together, and run.

Law: everything is wired here and nothing is decided here.
"""

from monitor.daemon.announcing import announce
from monitor.daemon.check import Checked, check_once, probe_once
from monitor.daemon.main import run, serve
from monitor.daemon.roundtrip import roundtrip_once

__all__ = ["Checked", "announce", "check_once", "probe_once", "roundtrip_once", "run", "serve"]
