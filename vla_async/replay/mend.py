"""Bags whose recording was cut off: what lies in their files is read as far as it is whole, and gets its index."""
from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcap.stream_reader import StreamReader
from mcap.writer import Writer

from vla_async.errors import DataError
from vla_async.replay.bag_copy import RecordCopy, write_metadata_of
from vla_async.replay.bag_files import bag_files, is_whole


def mend(bag: Path) -> dict[Path, int]:
    """Give every file of a bag folder its index, and the folder its metadata.yaml; returns messages by file mended.

    A file is written anew beside the old one, which stays until that is done. Raises DataError for what is no bag
    folder, for one that is still being recorded, and for one that cannot be written.
    """
    paths = bag_files(bag) if bag.is_dir() else []
    if not paths:
        raise DataError(f'{bag}: no folder with MCAP files')
    try:
        mended = {path: _mend_file(path) for path in paths if not is_whole(path)}
        if mended or not (bag / 'metadata.yaml').exists():
            write_metadata_of(bag, paths)
    except OSError as error:
        raise DataError(f'{bag}: cannot be mended in its place: {error}') from error
    return mended


def mended_copy(bag: Path, folder: Path) -> Path:
    """A bag in `folder`, which is made, with all that can be read of `bag`, a folder or one MCAP file, which stays.

    Files that are whole are linked to and take no space. Raises DataError as `mend` does.
    """
    paths = bag_files(bag)
    if not paths:
        raise DataError(f'{bag}: no MCAP file')
    folder.mkdir(parents=True)
    copies = [folder / path.name for path in paths]
    for path, copy in zip(paths, copies, strict=True):
        if is_whole(path):
            copy.symlink_to(path.resolve())
        else:
            _copy_whole(path, copy)
    write_metadata_of(folder, copies)
    return folder


def _mend_file(path: Path) -> int:
    fresh = path.with_suffix('.mcap.new')
    messages = _copy_whole(path, fresh)
    fresh.replace(path)
    return messages


def _copy_whole(path: Path, fresh: Path) -> int:
    """What is whole of a file, with an index, into a fresh one; returns how many messages that is."""
    with path.open('rb') as old, fresh.open('wb') as new:
        try:
            fcntl.flock(old, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            fresh.unlink()
            raise DataError(f'{path} is still being recorded; end its recorder first') from error
        copy = RecordCopy(Writer(new))  # also of an empty file there will be one that can be read
        for record in _whole_records(old):
            copy.take(record)
        copy.finish()
    return copy.messages


def _whole_records(stream: Any) -> Iterator[object]:
    """Records up to the first that is not whole; the reader and its decoders raise errors of their own, of any kind."""
    records = iter(StreamReader(stream).records)
    with suppress(Exception):
        while True:
            yield next(records)
