"""A free ROS domain: one that no process on this machine uses, claimed for as long as this process lives."""
from __future__ import annotations

import os
import socket

from vla_async.errors import EnvironmentFault

DOMAINS = 101  # above, the ports reach into the range that Linux gives to outgoing connections
PORT_BASE, PORTS_PER_DOMAIN = 7400, 250  # RTPS 2.5, section 9.6.1
FIRST_UNICAST = 10  # port offset of the first participant


class DomainClaim:
    """A domain id that no other starter takes while this object is open; the kernel releases it at our death."""

    def __init__(self, domain: int, claim: socket.socket) -> None:
        self.id = domain
        self._claim = claim

    def release(self) -> None:
        """Let others have the domain."""
        self._claim.close()


def claim_free_domain(first: int | None = None) -> DomainClaim:
    """The first domain from `first` on (default: one that depends on the process id) which is unused and unclaimed.

    Raises EnvironmentFault when all are taken.
    """
    start = os.getpid() if first is None else first
    for offset in range(DOMAINS):
        domain = 1 + (start + offset) % DOMAINS
        claim = _claim(domain)
        if claim is None:
            continue
        if not in_use(domain):
            return DomainClaim(domain, claim)
        claim.close()
    raise EnvironmentFault(f'all ROS domains from 1 to {DOMAINS} are in use on this machine; end some ROS programs')


def in_use(domain: int) -> bool:
    """Whether a process on this machine holds the domain's discovery port or its first participant's port."""
    base = PORT_BASE + PORTS_PER_DOMAIN * domain
    return not (_bindable(base) and _bindable(base + FIRST_UNICAST))


def _claim(domain: int) -> socket.socket | None:
    # an abstract socket leaves no file behind and vanishes with the process
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f'\0vla_async/domain/{domain}')
    except OSError:
        claim.close()
        return None
    return claim


def _bindable(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', port))
        except OSError:
            return False
    return True
