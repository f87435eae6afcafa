"""What outlives the process: how far the mail log has been counted, the last roundtrip, and announced work.

The promise is *at most once*: a position is saved before its lines are counted, and nothing happens in between. So no
line is ever counted by two processes, however the first one ended; and none is left out, but those of the one block
that a process was about to count when it was killed. Where a position cannot be saved, the old one is given up.
"""

from typing import Annotated

import msgspec
import structlog
from msgspec import Meta

from monitor.core.errors import LinkError
from monitor.core.maintenance import Maintenance
from monitor.core.roundtrip import Roundtrip
from monitor.core.taxonomy import Reason
from monitor.links.kube_cursor import SEEN_LIMIT
from monitor.links.log_source import Position
from monitor.links.state_file import StateFile
from monitor.links.tail import FINGERPRINT

VERSION = 1

_Hex = Annotated[str, Meta(pattern=r"^([0-9a-f]{2})*$", max_length=2 * FINGERPRINT)]
_Second = Annotated[str, Meta(pattern=r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d))?$")]


class FilePosition(msgspec.Struct, frozen=True):
    """``FileTail``'s position."""

    inode: Annotated[int, Meta(ge=0)]
    offset: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    fingerprint: _Hex


class PodPosition(msgspec.Struct, frozen=True):
    """``KubernetesPodLog``'s position."""

    pod: str
    container: str
    since: _Second
    seen: Annotated[tuple[str, ...], Meta(max_length=SEEN_LIMIT)]


class LogState(msgspec.Struct, frozen=True, omit_defaults=True):
    """A position, and the source that it belongs to, in the words of the configuration."""

    source: str
    file: FilePosition | None = None
    kubernetes: PodPosition | None = None


class PathState(msgspec.Struct, omit_defaults=True):
    """What is kept of one path; ``last_success`` is that of a roundtrip, in seconds since the epoch."""

    maillog: LogState | None = None
    roundtrip: Roundtrip | None = None
    last_success: float | None = None
    maintenance: Maintenance | None = None


class _State(msgspec.Struct, omit_defaults=True):
    version: int
    paths: dict[str, PathState] = {}


class Memory:
    """Keeps the state of every path in one file; without a file it forgets all of it."""

    def __init__(self, file: StateFile | None = None) -> None:
        """Take the file; nothing is read yet."""
        self._file = file
        self._log = structlog.get_logger()
        self._paths: dict[str, PathState] = {}
        self._failing = False

    @property
    def kept(self) -> bool:
        """Whether there is a file at all."""
        return self._file is not None

    def load(self) -> None:
        """Read what an earlier process left; where that is of no use, say so and begin anew."""
        if self._file is None:
            return
        where = str(self._file.path)
        try:
            state = msgspec.json.decode(self._file.read(), type=_State)
        except LinkError as error:
            absent = error.reason is Reason.NOT_FOUND
            tell = self._log.info if absent else self._log.warning
            tell("state.absent" if absent else "state.unusable", file=where, reason=error.reason, detail=error.detail)
            return
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self._log.warning("state.unusable", file=where, reason=Reason.MALFORMED, detail=str(error))
            return
        if state.version != VERSION:
            detail = f"version {state.version}, and this mailpath writes version {VERSION}"
            self._log.warning("state.unusable", file=where, reason=Reason.MALFORMED, detail=detail)
            return
        self._paths = state.paths
        self._log.info("state.loaded", file=where, paths=len(state.paths))

    def keep_only(self, paths: set[str]) -> None:
        """Forget the paths that are watched no more."""
        self._paths = {name: state for name, state in self._paths.items() if name in paths}

    def position(self, path: str, source: str) -> Position | None:
        """Give how far this source of a path's mail log had been counted; ``None``: nobody knows."""
        log = self._of(path).maillog
        if log is None or log.source != source:
            return None
        # A torn file may hold a position of the other kind under this source's name.
        position = log.file if source.startswith("file ") else log.kubernetes
        return None if position is None else msgspec.to_builtins(position)

    def passed(self, path: str, source: str, kind: str, position: Position) -> None:
        """Save how far a mail log is about to be counted; ``kind`` is the link's name for itself."""
        if self._file is None or not position:
            return
        given = {kind: position}
        self._of(path).maillog = msgspec.convert({"source": source, **given}, LogState)
        self._save()

    def roundtrips(self, path: str) -> list[Roundtrip]:
        """Give the last roundtrip of a path, and before it, if that one failed, the last success as far as known."""
        state = self._of(path)
        if state.roundtrip is None:
            return []
        if state.last_success is None or state.roundtrip.success:
            return [state.roundtrip]
        return [Roundtrip(path, state.last_success, success=True), state.roundtrip]

    def ended(self, result: Roundtrip) -> None:
        """Save how a roundtrip ended."""
        state = self._of(result.path)
        state.roundtrip = result
        if result.success:
            state.last_success = result.at
        self._save()

    def maintenance(self, path: str) -> Maintenance | None:
        """Give what was announced last; it may be over."""
        return self._of(path).maintenance

    def announced(self, maintenance: Maintenance) -> None:
        """Save an announcement."""
        self._of(maintenance.path).maintenance = maintenance
        self._save()

    def _of(self, path: str) -> PathState:
        return self._paths.setdefault(path, PathState())

    def _save(self) -> None:
        if self._file is None:
            return
        try:
            self._file.write(msgspec.json.encode(_State(VERSION, self._paths)))
        except LinkError as error:
            if not self._failing:
                self._log.warning("state.unwritable", reason=error.reason, detail=error.detail)
            self._failing = True
        else:
            if self._failing:
                self._log.info("state.recovered", file=str(self._file.path))
            self._failing = False
