"""YAML as people write it: safe, and a key that is given twice is an error, where YAML itself would keep the last."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from vla_async.errors import ConfigError


class _Loader(yaml.SafeLoader):
    """Safe, and strict about keys."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """As it is written: what is merged into it later does not count."""
        node = super().compose_mapping_node(anchor)
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for i, key in enumerate(keys):
            if any(key.value == before.value for before in keys[:i]):
                raise yaml.composer.ComposerError(None, None, f'{key.value} is given twice', key.start_mark)
        return node


def content(path: Path, named: Path) -> Any:
    """The YAML in a file; raises ConfigError that blames the file `named` by the user."""
    try:
        return _Loader(path.read_text()).get_single_data()
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f'{named}: cannot be read: {error}') from error
