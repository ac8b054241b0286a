"""Chunks of an MCAP file: pictures and clouds get chunks of their own, which readers of anything else pass over."""
from __future__ import annotations

from mcap.writer import Writer

LARGE = frozenset(f'sensor_msgs/msg/{name}' for name in ('Image', 'CompressedImage', 'PointCloud2'))
MOST_BYTES = 4 << 20  # kept back


class ChunkedMessages:
    """Messages on their way into a writer's chunks, those of large types later than others; each topic keeps its order.

    Unpacking pictures is a third of what reading a bag of the demo takes, for readers that want none.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._large: list[tuple[int, int, bytes, int, int]] = []
        self._large_bytes = 0

    def add(self, channel: int, received_ns: int, data: bytes, sent_ns: int, sequence: int, kind: str) -> None:
        """One message of the type `kind`, serialised; times are ROS time [ns]."""
        if kind not in LARGE:
            self._writer.add_message(channel, received_ns, data, sent_ns, sequence)
            return
        self._large.append((channel, received_ns, data, sent_ns, sequence))
        self._large_bytes += len(data)
        if self._large_bytes >= MOST_BYTES:
            self.flush()

    def flush(self) -> None:
        """End the present chunks: everything so far is in the writer's stream."""
        self._writer.flush()
        if self._large:
            for message in self._large:
                self._writer.add_message(*message)
            self._large.clear()
            self._large_bytes = 0
            self._writer.flush()
