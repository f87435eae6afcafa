"""Fuzz one target by atheris, which knows what is covered and tries for more: ``python -m tests.fuzz.one NAME …``."""

import sys

import atheris

with atheris.instrument_imports(include=["monitor"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Run until libFuzzer's own flags end it, or an exception that no parser may raise."""
    name, *flags = sys.argv[1:]
    atheris.Setup([sys.argv[0], *flags], TARGETS[name].run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
