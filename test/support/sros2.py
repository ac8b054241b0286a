"""An SROS2 policy read as `ros2 security` reads it: its schema, and the names that its expressions stand for."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

RULES = {'topics': ('topic', {'publish', 'subscribe'}), 'services': ('service', {'reply', 'request'}),
         'actions': ('action', {'execute', 'call'})}
ACTION_SERVICES, ACTION_TOPICS = ('send_goal', 'cancel_goal', 'get_result'), ('feedback', 'status')
# rule of an action -> the rules of its services and of its topics
ACTION_RULES = {'execute': ('reply', 'publish'), 'call': ('request', 'subscribe')}

Grants = Mapping[str, set[str]]  # publish, subscribe, reply, request -> absolute names


def read(text: str) -> dict[str, Grants]:
    """Grants by the path of the enclave; fails where the XML is not of the schema, policy.xsd of sros2 0.13."""
    policy = ElementTree.fromstring(text)
    assert (policy.tag, policy.attrib) == ('policy', {'version': '0.2.0'})
    (enclaves,) = policy
    assert enclaves.tag == 'enclaves' and not enclaves.attrib and len(enclaves) > 0
    found: dict[str, Grants] = {}
    for enclave in enclaves:
        assert enclave.tag == 'enclave' and set(enclave.attrib) == {'path'}
        assert enclave.attrib['path'] not in found, 'an enclave twice: the first one only would be read'
        found[enclave.attrib['path']] = _enclave(enclave)
    return found


def committed(folder: Path) -> dict[str, dict[str, Grants]]:
    """Grants by robot and enclave, of all files in the folder."""
    return {path.stem: read(path.read_text()) for path in sorted(folder.glob('*.xml'))}


def _enclave(enclave: ElementTree.Element) -> Grants:
    (profiles,) = enclave
    assert profiles.tag == 'profiles' and len(profiles) > 0
    grants: dict[str, set[str]] = {rule: set() for rule in ('publish', 'subscribe', 'reply', 'request')}
    for profile in profiles:
        assert profile.tag == 'profile' and set(profile.attrib) == {'ns', 'node'}
        for group in profile:
            _add(grants, profile.attrib['ns'], profile.attrib['node'], group)
    return grants


def _add(grants: dict[str, set[str]], ns: str, node: str, group: ElementTree.Element) -> None:
    kind, rules = RULES[group.tag]
    assert group.attrib and set(group.attrib) <= rules and set(group.attrib.values()) <= {'ALLOW'}
    assert len(group) > 0
    for entry in group:
        assert entry.tag == kind and not entry.attrib and len(entry) == 0
        for rule in group.attrib:
            name = absolute(str(entry.text), ns, node)
            if rule in ACTION_RULES:
                for part, names in zip(ACTION_RULES[rule], (ACTION_SERVICES, ACTION_TOPICS), strict=True):
                    grants[part] |= {f'{name}/_action/{each}' for each in names}
            else:
                grants[rule].add(name)


def absolute(name: str, ns: str, node: str) -> str:
    """As templates/dds/permissions.xsl of sros2 does it."""
    within = ns if ns.endswith('/') else f'{ns}/'
    if name.startswith('/'):
        return name
    return f'{within}{node}{name[1:]}' if name.startswith('~') else f'{within}{name}'
