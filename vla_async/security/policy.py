"""Rights as the XML of an SROS2 policy, version 0.2.0, which `ros2 security generate_artifacts` turns into permissions.

Schema: https://github.com/ros2/sros2/blob/rolling/sros2/sros2/policy/schemas/policy.xsd
"""
from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from vla_async.security.rights import Rights

VERSION = '0.2.0'
NOTE = ' made by `vla-async security policy` from vla_async/security/rights.py and the robot file: do not edit '
ROOT = '/vla_async'  # enclaves lie below it, one for each process
KINDS = {'publish': 'topic', 'subscribe': 'topic', 'reply': 'service', 'request': 'service',
         'execute': 'action', 'call': 'action'}


def enclave(node: str) -> str:
    """Path of a node's enclave, as its process is told with `--ros-args --enclave`."""
    return f'{ROOT}/{node}'


def policy_xml(table: Mapping[str, Rights], namespace: str) -> str:
    """Policy for the rights by node, all in one namespace (absolute)."""
    policy = ElementTree.Element('policy', version=VERSION)
    policy.append(ElementTree.Comment(NOTE))
    enclaves = ElementTree.SubElement(policy, 'enclaves')
    for node, granted in table.items():
        profiles = ElementTree.SubElement(ElementTree.SubElement(enclaves, 'enclave', path=enclave(node)), 'profiles')
        _add_rules(ElementTree.SubElement(profiles, 'profile', ns=namespace, node=node), granted)
    ElementTree.indent(policy)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(policy, encoding='unicode') + '\n'


def _add_rules(profile: ElementTree.Element, granted: Rights) -> None:
    for rule, kind in KINDS.items():
        names = getattr(granted, rule)
        if not names:
            continue
        group = ElementTree.SubElement(profile, f'{kind}s', {rule: 'ALLOW'})
        for name in sorted(set(names)):
            ElementTree.SubElement(group, kind).text = name
