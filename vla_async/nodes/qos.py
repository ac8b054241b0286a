"""Quality of service: one named profile per kind of arrow."""
from __future__ import annotations

import yaml
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(depth: int, *, reliable: bool = True, latched: bool = False,
             lifespan_s: float | None = None) -> QoSProfile:
    profile = QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE)
    if lifespan_s is not None:
        profile.lifespan = Duration(seconds=lifespan_s)
    return profile


NEWEST = _profile(1)  # only the newest value counts, and it shall arrive
LATCHED = _profile(1, latched=True)  # a late joiner gets the newest value
LATCHED_ALL = _profile(100, latched=True)  # several speak, each once: played back by one, none may push out another
LATENT = _profile(1, latched=True, lifespan_s=10.0)  # a late joiner gets it unless it is too old to be of use
EVENTS = _profile(20)  # every value counts
JOINT_STATES = _profile(5)
SENSOR = _profile(1, reliable=False)  # cameras: a lost frame is better than a late one
SIGNAL = _profile(5, reliable=False)  # hears whoever speaks, reliably or not; who speaks repeats it
COMMANDS = _profile(1)  # reliable: matches controllers that read reliably and those that read best effort
# of who commands while the bridge is silent, and no sooner. The lifespan is its mark: others hear of it with the
# publisher itself, of the node's name only later
RESERVE_COMMANDS = _profile(1, lifespan_s=8.0)


def qos_yaml(profile: QoSProfile) -> str:
    """The profile as rosbag2 notes it beside a channel, so that playing offers the same."""
    unset = {'sec': 0, 'nsec': 0}
    return yaml.safe_dump([{
        'history': profile.history.name.lower(), 'depth': profile.depth,
        'reliability': profile.reliability.name.lower(), 'durability': profile.durability.name.lower(),
        'deadline': unset, 'lifespan': {'sec': profile.lifespan.nanoseconds // 10**9,
                                        'nsec': profile.lifespan.nanoseconds % 10**9},
        'liveliness': 'system_default', 'liveliness_lease_duration': unset, 'avoid_ros_namespace_conventions': False,
    }], sort_keys=False)
