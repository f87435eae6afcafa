"""Shared words: what is watched, what was seen, what went wrong, what it means.

Law: standard library only, no I/O, no clock, no logging; frozen data and enumerations that every room may import.
"""
