"""The feed: everybody hears everything, and nobody can hold it up."""

import pytest

from monitor.publish.feed import BACKLOG, MOST_LISTENERS, Feed, FeedFullError, Message

NEWS = Message("event", "{}", 1)


async def test_everybody_hears_everything() -> None:
    """In order, from the moment of listening to its end."""
    feed = Feed()
    feed.tell(NEWS)
    with feed.listening() as one, feed.listening() as other:
        feed.tell(NEWS)
        assert [one.get_nowait(), other.get_nowait()] == [NEWS, NEWS]
        assert one.empty()
    assert len(feed) == 0


async def test_who_does_not_keep_up_is_let_go() -> None:
    """Memory is bounded: the queue is emptied, and its end is all that is left."""
    feed = Feed()
    with feed.listening() as queue:
        for _ in range(BACKLOG + 1):
            feed.tell(NEWS)
        assert queue.get_nowait() is None
        assert len(feed) == 0
        feed.tell(NEWS)
        assert queue.empty()


async def test_there_is_room_for_so_many() -> None:
    """One more is refused, and so is everybody after the end."""
    feed = Feed()
    listening = [feed.listening() for _ in range(MOST_LISTENERS)]
    queues = [each.__enter__() for each in listening]
    with pytest.raises(FeedFullError), feed.listening():
        pass
    feed.close()
    assert [queue.get_nowait() for queue in queues] == [None] * MOST_LISTENERS
    with pytest.raises(FeedFullError), feed.listening():
        pass
