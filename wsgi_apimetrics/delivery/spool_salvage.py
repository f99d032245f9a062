"""Reads what is intact out of a damaged spool, page by page, without SQLite's help.

SQLite reaches rows through a tree, so one bad page hides all that hang on it, and what follows
a bad frame of the write-ahead log is as if it had never been committed. Here every page is
looked at by itself, the newest version of each, and a row counts if its own checksum holds.
The layout is SQLite's file format (sqlite.org/fileformat2.html): pages of section 1.6, records
of section 2.1, the log of section 4.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from ..payload import Fragment
from .spool_schema import checksum

_LEAF_TABLE = 0x0D
_INDEX = {0x0A: (8, 0), 0x02: (12, 4)}
"""Leaf and interior pages of an index: where the pointers begin, bytes before a cell's length."""
_SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}
_COLUMNS = 6


class Pages:
    """The pages of a file, numbered from 1, each in its newest version; not read before use.

    There are ``count`` at most, each of ``size`` bytes.
    """

    def __init__(self, path: str) -> None:
        log = Path(f"{path}-wal")
        frames = log.read_bytes() if log.exists() else b""
        self._file: mmap.mmap | bytes = b""
        if Path(path).exists() and Path(path).stat().st_size:
            with Path(path).open("rb") as file:
                self._file = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.size = _page_size(self._file[:100], frames)
        self._newer = dict(_frames(frames, self.size))
        self.count = len(self._file) // self.size + len(self._newer)

    def numbers(self) -> list[int]:
        """Return the numbers of all pages, those that the log has a newer version of too."""
        in_file = range(1, -(-len(self._file) // self.size) + 1)
        return sorted({*in_file, *self._newer})

    def page(self, number: int) -> bytes:
        """Return a page; raises ``KeyError`` if there is none of this number."""
        content = self._newer.get(number)
        if content is None:
            content = self._file[(number - 1) * self.size : number * self.size] if number else b""
        if not content:
            raise KeyError(number)
        return content.ljust(self.size, b"\0")

    def close(self) -> None:
        """Let go of the file."""
        if isinstance(self._file, mmap.mmap):
            self._file.close()


class Salvage:
    """What the spool at ``path`` has that is intact.

    The index names each exchange a second time, on other pages: what only the index knows of
    is counted as :attr:`lost`. Only places are held in memory; the exchanges are read again
    as they are iterated over, oldest first.
    """

    def __init__(self, path: str) -> None:
        self._pages = Pages(path)
        self._places: dict[int, tuple[int, int]] = {}
        named: set[int] = set()
        for number in self._pages.numbers():
            page = self._pages.page(number)
            for position, at in _rows(self._pages, number, page):
                self._places.setdefault(position, (number, at))
            named.update(_index_entries(page))
        self.lost = len(named - self._places.keys())

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Fragment]:
        places = (self._places[position] for position in sorted(self._places))
        rows = (_cell(self._pages, self._pages.page(number), at) for number, at in places)
        return (row[1] for row in rows if row is not None)

    def close(self) -> None:
        """Let go of the file."""
        self._pages.close()


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
    salts, committed = frames[16:24], True
    for start in range(_LOG_HEADER, len(frames), size + _FRAME_HEADER):
        frame = frames[start : start + size + _FRAME_HEADER]
        if frame[8:16] != salts:
            continue  # of an earlier round of the log, or cut before its salts
        sums = _check(frame[:8] + frame[_FRAME_HEADER:], sums, order)
        if struct.pack(">II", *sums) != frame[16:24]:
            return True
        committed = frame[4:8] != b"\0\0\0\0"
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


def _rows(pages: Pages, number: int, page: bytes) -> Iterator[tuple[int, int]]:
    """Yield position and place in the page of every intact exchange of a page."""
    start = 100 if number == 1 else 0
    if page[start] != _LEAF_TABLE:
        return
    cells = int.from_bytes(page[start + 3 : start + 5], "big")
    for index in range(min(cells, pages.size // 2)):
        pointer = start + 8 + 2 * index
        at = int.from_bytes(page[pointer : pointer + 2], "big")
        row = _cell(pages, page, at)
        if row is not None:
            yield row[0], at


def _index_entries(page: bytes) -> Iterator[int]:
    """Yield the positions that a page of the index (lease, position) names.

    A record has a third column, the row's id that SQLite adds: the position once more.
    """
    if page[0] not in _INDEX:
        return
    first, child = _INDEX[page[0]]
    for index in range(min(int.from_bytes(page[3:5], "big"), len(page) // 2)):
        pointer = first + 2 * index
        try:
            length, at = _varint(page, int.from_bytes(page[pointer : pointer + 2], "big") + child)
            record = page[at : at + length]
            if len(record) == length and record[0] == 4 and max(record[1:3]) <= 9:
                start = 4 + _SIZES[record[1]]
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
    usable = pages.size  # SQLite reserves nothing at a page's end unless it is asked to
    most, least = usable - 35, (usable - 12) * 32 // 255 - 23
    if length <= most:
        return page[at : at + length]
    local = least + (length - least) % (usable - 4)
    local = local if local <= most else least
    parts, left = [page[at : at + local]], length - local
    following = int.from_bytes(page[at + local : at + local + 4], "big")
    for _ in range(pages.count):  # a chain that is damaged may be a circle
        if left <= 0:
            break
        more = pages.page(following)
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
