"""Writes the dashboards' JSON: ``python -m dashboards``."""

from dashboards.all import FOLDER, documents


def main() -> None:
    """Write them, and leave nothing there that no dashboard makes any more."""
    made = documents()
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
