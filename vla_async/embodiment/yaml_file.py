"""YAML as people write it: safe, and a key that is given twice is an error, where YAML itself would keep the last."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from vla_async.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """Safe, and strict about keys."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        written = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := sorted({str(key) for key in written if written.count(key) > 1}):
            raise yaml.constructor.ConstructorError(None, None, f'{twice[0]} is given twice', node.start_mark)
        return super().construct_mapping(node, deep)


def content(path: Path, named: Path) -> Any:
    """The YAML in a file; raises ConfigError that blames the file `named` by the user."""
    try:
        return _Loader(path.read_text()).get_single_data()
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f'{named}: cannot be read: {error}') from error
