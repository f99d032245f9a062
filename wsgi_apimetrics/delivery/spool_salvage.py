"""Reads what is intact out of a damaged spool, page by page, without SQLite's help.

SQLite reaches rows through a tree, so one bad page hides all that hang on it, and what follows
a bad frame of the write-ahead log is as if it had never been committed. Here every page is
looked at by itself, the newest version of each, and a row counts if its own checksum holds.
The layout is SQLite's file format (sqlite.org/fileformat2.html): pages of section 1.6, records
of section 2.1, the log of section 4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..payload import Fragment
from .spool_schema import checksum

_LEAF_TABLE = 0x0D
_INDEX = {0x0A: (8, 0), 0x02: (12, 4)}
"""Leaf and interior pages of an index: where the pointers begin, bytes before a cell's length."""
_SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}
_COLUMNS = 6
_MOST_PAGES_OF_ROW = 100_000


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a file, numbered from 1, each in its newest version."""

    size: int
    content: dict[int, bytes]

    def usable(self) -> int:
        """Bytes of a page that hold content: the reserved space at its end is 0 here."""
        return self.size


@dataclass(frozen=True, slots=True)
class Salvage:
    """What a file gives: what is intact, oldest first, and how much of the rest is known of."""

    fragments: tuple[Fragment, ...]
    lost: int


def salvage(path: str) -> Salvage:
    """Return every exchange that is intact in the spool at ``path``.

    The index names each exchange a second time, on other pages: what only the index knows of
    is counted as lost.
    """
    pages = read_pages(path)
    found: dict[int, Fragment] = {}
    named: set[int] = set()
    for number, page in pages.content.items():
        for position, fragment in _rows(pages, number, page):
            found.setdefault(position, fragment)
        named.update(_index_entries(page))
    return Salvage(tuple(found[position] for position in sorted(found)), len(named - found.keys()))


def read_pages(path: str) -> Pages:
    """Return the pages of the database at ``path`` with those of its log over them."""
    database = Path(path).read_bytes() if Path(path).exists() else b""
    log = Path(f"{path}-wal")
    frames = log.read_bytes() if log.exists() else b""
    size = _page_size(database, frames)
    content = {
        number: database[(number - 1) * size : number * size]
        for number in range(1, -(-len(database) // size) + 1)
    }
    content.update(_frames(frames, size))
    return Pages(size, {number: page.ljust(size, b"\0") for number, page in content.items()})


def cut_short(path: str) -> bool:
    """Whether the file at ``path`` ends before its own header says (section 1.3.7)."""
    database = Path(path)
    length = database.stat().st_size if database.exists() else 0
    if not length:
        log = Path(f"{path}-wal")  # SQLite would throw it away
        return log.exists() and log.stat().st_size > 0
    with database.open("rb") as file:
        header = file.read(100)
    size = _page_size(header, b"")
    return length % size != 0 or length < int.from_bytes(header[28:32], "big") * size


def damaged_log(path: str) -> bool:
    """Whether the log at ``path`` has frames that SQLite would pass over: the tail of a commit
    that was cut, or whatever follows a frame that does not check.
    """  # noqa: D205 - one sentence
    log = Path(f"{path}-wal")
    frames = log.read_bytes() if log.exists() else b""
    if len(frames) <= _LOG_HEADER:
        return 0 < len(frames) < _LOG_HEADER
    magic, _, size = struct.unpack(">III", frames[:12])
    if magic not in (0x377F0682, 0x377F0683) or size < 512 or size & (size - 1):
        return True
    order = ">" if magic & 1 else "<"
    sums = _check(frames[:24], (0, 0), order)
    if struct.pack(">II", *sums) != frames[24:32]:
        return True
    return _bad_frames(frames, size, order, sums)


_LOG_HEADER, _FRAME_HEADER = 32, 24


def _bad_frames(frames: bytes, size: int, order: str, sums: tuple[int, int]) -> bool:
    salts, whole, committed = frames[16:24], True, True
    for start in range(_LOG_HEADER, len(frames), size + _FRAME_HEADER):
        frame = frames[start : start + size + _FRAME_HEADER]
        if frame[8:16] != salts:
            continue  # of an earlier round of the log, or cut before its salts
        if whole:
            sums = _check(frame[:8] + frame[_FRAME_HEADER:], sums, order)
            whole = struct.pack(">II", *sums) == frame[16:24]
            committed = frame[4:8] != b"\0\0\0\0"
        if not whole:
            return True
    return not committed


def _check(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    """Carry the log's checksum (section 4.2) over ``data``."""
    if len(data) % 8:
        return (-1 & 0xFFFFFFFF, 0)
    one, two = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return one, two


def _page_size(database: bytes, frames: bytes) -> int:
    for value in (database[16:18], frames[10:12]):
        size = int.from_bytes(value, "big") if len(value) == 2 else 0
        size = 65536 if size == 1 else size
        if 512 <= size <= 65536 and not size & (size - 1):
            return size
    return 4096


def _frames(frames: bytes, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield page number and page of every frame of the log's present round, in order.

    A round is known by its salts; those of the header and of the first frame are the same
    unless one of them is damaged.
    """
    starts = range(_LOG_HEADER, len(frames) - _FRAME_HEADER, size + _FRAME_HEADER)
    there = [frames[start + 8 : start + 16] for start in starts]
    salts = max(frames[16:24], *there[:1], key=there.count) if there else b""
    for start in starts:
        if frames[start + 8 : start + 16] == salts:
            number = int.from_bytes(frames[start : start + 4], "big")
            body = start + _FRAME_HEADER
            yield number, frames[body : body + size]


def _rows(pages: Pages, number: int, page: bytes) -> Iterator[tuple[int, Fragment]]:
    start = 100 if number == 1 else 0
    if page[start] != _LEAF_TABLE:
        return
    cells = int.from_bytes(page[start + 3 : start + 5], "big")
    for index in range(min(cells, pages.size // 2)):
        pointer = start + 8 + 2 * index
        row = _cell(pages, page, int.from_bytes(page[pointer : pointer + 2], "big"))
        if row is not None:
            yield row


def _index_entries(page: bytes) -> Iterator[int]:
    """Yield the positions that a page of the index (lease, position) names."""
    if page[0] not in _INDEX:
        return
    first, child = _INDEX[page[0]]
    for index in range(min(int.from_bytes(page[3:5], "big"), len(page) // 2)):
        pointer = first + 2 * index
        try:
            length, at = _varint(page, int.from_bytes(page[pointer : pointer + 2], "big") + child)
            record = page[at : at + length]
            if len(record) == length and record[0] == 3 and max(record[1:3]) <= 9:
                start = 3 + _SIZES[record[1]]
                size = _SIZES[record[2]]
                yield 1 if record[2] == 9 else int.from_bytes(record[start : start + size], "big")
        except IndexError:
            continue


def _cell(pages: Pages, page: bytes, at: int) -> tuple[int, Fragment] | None:
    try:
        length, at = _varint(page, at)
        position, at = _varint(page, at)
        return _exchange(position, _payload(pages, page, at, length))
    except (IndexError, KeyError, ValueError):
        return None


def _payload(pages: Pages, page: bytes, at: int, length: int) -> bytes:
    """Return a cell's payload, put together from its overflow pages (section 1.6)."""
    usable = pages.usable()
    most, least = usable - 35, (usable - 12) * 32 // 255 - 23
    if length <= most:
        return page[at : at + length]
    local = least + (length - least) % (usable - 4)
    local = local if local <= most else least
    parts, left = [page[at : at + local]], length - local
    following = int.from_bytes(page[at + local : at + local + 4], "big")
    for _ in range(_MOST_PAGES_OF_ROW):
        if left <= 0:
            break
        more = pages.content[following]
        parts.append(more[4 : 4 + min(left, usable - 4)])
        left -= usable - 4
        following = int.from_bytes(more[:4], "big")
    return b"".join(parts)


def _exchange(position: int, record: bytes) -> tuple[int, Fragment] | None:
    """Read a record as a row of the table ``exchange``; ``None`` if it is none that is intact."""
    header, at = _varint(record, 0)
    types = []
    while at < header:
        kind, at = _varint(record, at)
        types.append(kind)
    if len(types) != _COLUMNS or types[0] != 0 or types[1] % 2 == 0 or types[5] % 2:
        return None
    values = []
    for kind in types:
        size = _SIZES[kind] if kind < 10 else (kind - 12) // 2
        values.append(record[at : at + size])
        at += size
    exchange_id = values[1].decode("utf-8", "surrogatepass")
    check = 1 if types[4] == 9 else int.from_bytes(values[4], "big")
    if checksum(exchange_id, values[5]) != check:
        return None
    return position, Fragment(exchange_id, values[5])


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number of 1 to 9 bytes at ``at``, and where it ends (section 1.6)."""
    value = 0
    for index in range(8):
        byte = data[at + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    return value << 8 | data[at + 8], at + 9
