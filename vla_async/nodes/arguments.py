"""What the arguments of a process say of names, before there is a node to ask."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

NAME, NAMESPACE = '__node', '__ns'
REMAP = ('-r', '--remap')


def remaps(arguments: Sequence[str]) -> list[str]:
    """The rules, `from:=to`."""
    return [rule for word, rule in pairwise(arguments) if word in REMAP and ':=' in rule]


def remapped(arguments: Sequence[str], name: str) -> str:
    """What `name` is called instead; empty: nothing else."""
    told = (rule.partition(':=') for rule in remaps(arguments))
    return next((to for what, _, to in told if what == name), '')


def full_name(arguments: Sequence[str]) -> str:
    """The node's name with its namespace."""
    return f'{remapped(arguments, NAMESPACE).rstrip("/")}/{remapped(arguments, NAME)}'
