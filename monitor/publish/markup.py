"""HTML that cannot be injected into: whatever is not ``Markup`` is text, and text is escaped."""

from html import escape

_VOID = frozenset({"link", "meta", "wbr"})


class Markup(str):
    """Text that is HTML already; made by ``tag`` alone."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str) -> Markup:
    """Make an element; ``class_`` is written ``class``, ``http_equiv`` ``http-equiv``."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{together(*children)}</{name}>")


def together(*children: str) -> Markup:
    """Put elements and texts one after the other."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children))
