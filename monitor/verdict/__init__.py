"""Judgement: observations to status, matrix, diagnosis, health.

Law: pure functions and plain state; no I/O, no clock: the time is an argument.
"""
