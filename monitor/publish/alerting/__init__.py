"""Prometheus' alert rules as plain data: one page for a broken hop, and none for its effects.

Law: pure; names of metrics and labels come from the catalogue alone, times from ``Thresholds``.
"""
