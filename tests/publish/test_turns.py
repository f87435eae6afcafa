"""Long work in pieces: others have their turns."""

import asyncio
from collections.abc import Iterator

from monitor.publish.turns import in_turns


async def test_everybody_has_a_turn_after_each_piece() -> None:
    """Two that work at the same time take turns, and each gets all that it has made."""
    order: list[str] = []

    def pieces(name: str) -> Iterator[str]:
        for number in range(3):
            order.append(f"{name}{number}")
            yield order[-1]

    first, second = await asyncio.gather(in_turns(pieces("a")), in_turns(pieces("b")))
    assert (first, second) == (["a0", "a1", "a2"], ["b0", "b1", "b2"])
    assert order == ["a0", "b0", "a1", "b1", "a2", "b2"]
