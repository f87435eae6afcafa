"""A mail log from its bytes to counters: the parser, the path's book and the metrics."""

import time
from pathlib import Path

from bench.subjects import arguments, tell
from bench.subjects.settings import many_targets
from monitor.core.observations import MaillogBatch
from monitor.probes.plan import plan_of
from monitor.publish.counters import ExpectedMaillog
from monitor.publish.metrics import Metrics
from monitor.verdict.path_book import PathBook
from monitor.wire.maillog import MaillogParser

# As a followed file is read: see links.tail.
BLOCK = 256 * 1024


def main() -> None:
    """Read the file; tell the CPU seconds, the lines, and the records that were made of them."""
    path = many_targets(4, "10.0.{}.{}", {}, {"smtp": {}, "smtps": {}, "submission": {}, "imaps": {}}).paths[0]
    listeners = [service.listener_port for service in path.services]
    metrics = Metrics("", "", lambda: 0.0)
    metrics.expect((), [ExpectedMaillog(path.name, "file", tuple(listeners), ())])
    book = PathBook(plan_of(path, []), metrics.count_maillog)
    parser, records, rest = MaillogParser(), 0, b""
    with Path(arguments()["file"]).open("rb") as file:
        cpu = time.process_time()
        while block := file.read(BLOCK):
            whole, _, rest = (rest + block).rpartition(b"\n")
            lines, unrecognised = parser.lines, parser.unrecognised
            found = parser.feed(whole)
            records += len(found)
            at = time.monotonic()
            batch = MaillogBatch(
                path=path.name,
                source="file",
                finished=at,
                at=at,
                records=tuple(found),
                lines=parser.lines - lines,
                unrecognised=parser.unrecognised - unrecognised,
            )
            book.record(batch)
        cpu = time.process_time() - cpu
    tell({"cpu": cpu, "done": parser.lines, "records": records})


main()
