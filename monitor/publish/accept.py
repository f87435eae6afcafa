"""What a client prefers: the weights in ``Accept`` and ``Accept-Encoding`` (RFC 9110, section 12.4.2)."""

import re

_WEIGHT = re.compile(r";\s*q=([01](?:\.[0-9]{0,3})?)\s*(?:;|$)", re.IGNORECASE)


def by_weight(header: str) -> list[str]:
    """Sort what a header asks for, the dearest first, and leave out what it refuses."""
    weights = {wish: _weight(wish) for wish in header.split(",")}
    return sorted((wish for wish, weight in weights.items() if weight > 0), key=lambda wish: -weights[wish])


def weight_of(media_type: str, accept: str) -> float:
    """Give a media type's weight, from 0 to 1: that of the most specific range that holds it, 0 where none does."""
    weights = {wish.partition(";")[0].strip().lower(): _weight(wish) for wish in accept.split(",")}
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((weights[each] for each in ranges if each in weights), 0.0)


def _weight(wish: str) -> float:
    found = _WEIGHT.search(wish)
    return float(found[1]) if found else 1.0
