"""A second host on this machine, at the end of a cable that can be pulled.

Host and switch are network namespaces, and the host has another boot id, too, by which it is known for another machine.
A switch is between, so that with the cable pulled each host still has its address, and its processes each other. All of
it ends with this process, also when that is killed: a namespace lives as long as somebody is in it, and who holds
one reads a pipe from here.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from shlex import quote
from typing import IO, cast

from vla_async.errors import EnvironmentFault
from vla_async.launcher.transport import AS_IN_PROFILE, PROFILE, RANGE

NETWORK, BITS = ip_network('198.18.0.0/16'), 30  # addresses that are for tests (RFC 2544); one cable has four of them
BOOT_ID = '/proc/sys/kernel/random/boot_id'
TOOLS = ('unshare', 'nsenter', 'mount', 'ip')  # of util-linux, mount and iproute2
READY = 'ready'
# peers and no list of interfaces, with which Fast DDS 3.2 drops what another host announces of itself
DDS = """<?xml version="1.0" encoding="UTF-8"?>
<dds xmlns="http://www.eprosima.com"><profiles>
 <transport_descriptors><transport_descriptor><transport_id>udp</transport_id><type>UDPv4</type>
  <maxInitialPeersRange>48</maxInitialPeersRange></transport_descriptor></transport_descriptors>
 <participant profile_name="default" is_default_profile="true"><rtps>
  <builtin><metatrafficUnicastLocatorList><locator/></metatrafficUnicastLocatorList><initialPeersList>
   <locator><udpv4><address>127.0.0.1</address></udpv4></locator>
   <locator><udpv4><address>{here}</address></udpv4></locator>
   <locator><udpv4><address>{there}</address></udpv4></locator></initialPeersList></builtin>
  <userTransports><transport_id>udp</transport_id></userTransports><useBuiltinTransports>false</useBuiltinTransports>
 </rtps></participant>
</profiles></dds>
"""


class SecondHost:
    """The other host; processes are there that are started with the words of `prefix` before theirs."""

    def __init__(self, host: int, switch: int, folder: Path) -> None:
        """`host`, `switch`: ids of processes in these namespaces; raises EnvironmentFault when no cable can be laid."""
        self.prefix = ('nsenter', f'--net=/proc/{host}/ns/net', f'--mount=/proc/{host}/ns/mnt', f'--wd={Path.cwd()}',
                       '--')
        self._switch = ('nsenter', f'--net=/proc/{switch}/ns/net', '--')
        self._profile = folder.resolve() / 'two_hosts.xml'
        self.here, self.there = addresses(os.getpid())
        self._profile.write_text(DDS.format(here=self.here, there=self.there))
        self._lay_cables(host, switch)

    @property
    def environment(self) -> dict[str, str]:
        """What processes on both hosts need to find each other by DDS, and what keeps to this host here: by UDP."""
        return {PROFILE: str(self._profile), RANGE: AS_IN_PROFILE}

    def unplug(self) -> None:
        """Pull the cable out of the switch."""
        _run(*self._switch, 'ip', 'link', 'set', 'there', 'nomaster')

    def plug(self) -> None:
        """Put it in again."""
        _run(*self._switch, 'ip', 'link', 'set', 'there', 'master', 'switch')

    def _lay_cables(self, host: int, switch: int) -> None:
        end = _end()
        _run(*self._switch, 'ip', 'link', 'add', 'switch', 'type', 'bridge', 'mcast_snooping', '0')
        _run('ip', 'link', 'add', end, 'type', 'veth', 'peer', 'name', 'here', 'netns', str(switch))
        _run(*self._switch, 'ip', 'link', 'add', 'there', 'type', 'veth', 'peer', 'name', 'cable', 'netns', str(host))
        for port in ('here', 'there'):
            _run(*self._switch, 'ip', 'link', 'set', port, 'master', 'switch', 'up')
        _run(*self._switch, 'ip', 'link', 'set', 'switch', 'up')
        _run(*self.prefix, 'ip', 'link', 'set', 'lo', 'up')
        for where, device, address in (((), end, self.here), (self.prefix, 'cable', self.there)):
            _run(*where, 'ip', 'address', 'add', f'{address}/{BITS}', 'dev', device)
            _run(*where, 'ip', 'link', 'set', device, 'up')


def addresses(process: int) -> tuple[str, str]:
    """Of the two ends of the cable of the process with this id; another's are different."""
    first = process * 4 % NETWORK.num_addresses
    return str(NETWORK[first + 1]), str(NETWORK[first + 2])


@contextmanager
def second_host(folder: Path) -> Iterator[SecondHost]:
    """It is there inside the block. Raises EnvironmentFault that says what is missing or forbidden.

    To be made before this process first uses DDS, which looks at the machine's addresses only once.
    """
    for tool in TOOLS:
        if shutil.which(tool) is None:
            raise EnvironmentFault(f'the command {tool} is missing; install util-linux, mount and iproute2')
    folder.mkdir(parents=True, exist_ok=True)
    boot_id = folder / 'boot_id'
    boot_id.write_text(f'{uuid.uuid4()}\n')
    with _namespace('true', '--net') as switch, _namespace(
            f'mount --bind {quote(str(boot_id))} {BOOT_ID}', '--net', '--mount', '--propagation', 'private') as host:
        try:
            yield SecondHost(host, switch, folder)
        finally:  # with the switch it would go as well, but only a moment later
            subprocess.run(('ip', 'link', 'delete', _end()), capture_output=True, check=False)


@contextmanager
def _namespace(prepare: str, *kinds: str) -> Iterator[int]:
    """The id of a process in namespaces of its own, in which the command `prepare` has been run."""
    script = f'{prepare} && echo {READY} && exec cat'
    with subprocess.Popen(['unshare', *kinds, 'sh', '-c', script], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as holder:
        said = cast('IO[str]', holder.stdout).readline().strip()
        if said != READY:
            raise EnvironmentFault(f'no network namespace, for which root is needed: {said}')
        yield holder.pid


def _end() -> str:
    """Name of this host's end of the cable."""
    return f'vla{os.getpid()}'


def _run(*words: str) -> None:
    done = subprocess.run(words, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise EnvironmentFault(f'{" ".join(words)}: {done.stderr.strip()}')
