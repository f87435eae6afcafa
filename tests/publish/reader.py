"""What a browser sees of a page, without a browser."""

from html.parser import HTMLParser


class Reader(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, text: str) -> None:
        """Read it."""
        super().__init__()
        self.tags: list[str] = []
        self.titles: list[str | None] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.titles.extend(value for name, value in attrs if name == "title")

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data
