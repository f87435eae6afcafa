"""``make fuzz``: atheris throws bytes at every parser of ``monitor/wire``; not part of ``make test``."""
