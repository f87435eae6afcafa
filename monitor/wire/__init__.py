"""Pure codecs and parsers: bytes in, value out.

Law: sans-I/O; no asyncio, socket, time, logging or third party; cut at the declared length; any bytes give a value, a
wish for more, or a ``WireError``.
"""
