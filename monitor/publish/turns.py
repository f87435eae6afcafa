"""Long work on the event loop, in short pieces."""

import asyncio
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


async def in_turns(items: Iterable[T]) -> list[T]:
    """Make items one by one, and let all else have its turn after each: what is due waits for one item at most."""
    made = []
    for item in items:
        made.append(item)
        await asyncio.sleep(0)
    return made
