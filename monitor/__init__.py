"""mailpath: proves every hop of a mail path, and that the mail server still sees the real client IP."""

__version__ = "0.1.0"
