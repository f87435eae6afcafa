"""The command line."""


def main() -> int:
    """Run the command; its exit code."""
    return 0
