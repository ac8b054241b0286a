"""Pictures as JPEG, on the topics where image_transport has them."""
from __future__ import annotations

import io
from dataclasses import replace

from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import CompressedImage, Image

from vla_async.nodes.topics import Topic
from vla_async.picture import decoded, pixels

QUALITY = 90  # a tenth to a twentieth of the bytes; of noise and edges little is lost


def compressed(topic: Topic) -> Topic:
    """Where the pictures of a topic are found once they are compressed."""
    return replace(topic, name=f'{topic.name}/compressed', message=CompressedImage)


def compress(serialised: bytes) -> bytes:
    """The sensor_msgs/CompressedImage of a sensor_msgs/Image, both serialised.

    Raises DataError for a picture that is none, or is not in colour.
    """
    from PIL import Image as Pictures  # here: most recordings keep the pictures as they are
    picture, jpeg = deserialize_message(serialised, Image), io.BytesIO()
    Pictures.fromarray(pixels(picture)).save(jpeg, 'JPEG', quality=QUALITY)
    message = CompressedImage(header=picture.header, format=f'{picture.encoding}; jpeg compressed bgr8')
    message.data.frombytes(jpeg.getvalue())
    return bytes(serialize_message(message))


def decompress(serialised: bytes) -> bytes:
    """The sensor_msgs/Image of a sensor_msgs/CompressedImage, both serialised; raises DataError."""
    message = deserialize_message(serialised, CompressedImage)
    picture = decoded(bytes(message.data))
    height, width, _ = picture.shape
    image = Image(header=message.header, height=height, width=width, encoding='rgb8', step=3 * width)
    image.data.frombytes(picture.tobytes())
    return bytes(serialize_message(image))
