"""mailpath: proves every hop of a mail path, and that the mail server still sees the real client IP."""

import os

__version__ = "0.1.0"
__revision__ = os.environ.get("MAILPATH_REVISION", "")
"""The commit it was built from, as the image knows it; empty elsewhere."""
