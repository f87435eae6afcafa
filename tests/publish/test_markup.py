"""HTML made by ``tag`` cannot be injected into."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.publish.markup import Markup, tag, together
from tests.publish.reader import Reader


def test_elements_nest_and_texts_are_escaped() -> None:
    """Markup stays markup, text becomes text."""
    assert tag("p", "a<b ", tag("b", "&"), class_="x") == '<p class="x">a&lt;b <b>&amp;</b></p>'
    assert tag("meta", http_equiv="refresh", name="n") == '<meta http-equiv="refresh" name="n">'
    assert isinstance(together("<i>"), Markup)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_any_text_comes_out_as_that_text(text: str) -> None:
    """Whatever a peer says, in content or attribute, a browser sees one paragraph with just that."""
    reader = Reader(tag("p", text, title=text))
    assert (reader.tags, reader.text, reader.titles) == (["p"], text, [text])
