"""One exception family: whatever a user can cause is a VlaAsyncError whose text names the culprit and the cure."""


class VlaAsyncError(Exception):
    """Base of all errors raised on purpose; the command line prints its text without a traceback."""


class ConfigError(VlaAsyncError):
    """A robot file, parameter or command-line value is wrong."""


class CheckpointError(VlaAsyncError):
    """A checkpoint is missing, malformed, or made for another robot."""


class DataError(VlaAsyncError):
    """An array or message has the wrong shape, is not finite, or does not fit its embodiment."""


class EnvironmentFault(VlaAsyncError):
    """The machine lacks something: a system package, rendering, DDS loopback."""


def unknown(kind: str, name: object, valid: object) -> ConfigError:
    """The error for a name that is not among the valid ones; lists them all."""
    listed = ', '.join(sorted(str(v) for v in valid))  # type: ignore[attr-defined]
    return ConfigError(f'unknown {kind} {name!r}; valid: {listed}')
