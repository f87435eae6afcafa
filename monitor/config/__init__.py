"""YAML to frozen settings, every fault at once, each with its place in the file.

Law: unknown keys are errors; defaults stand in one place; nothing here opens a socket.
"""
