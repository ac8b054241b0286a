"""Parameters of the hardware bridge."""
from __future__ import annotations

from dataclasses import dataclass

from vla_async.bridge import Tolerances
from vla_async.nodes import parameters
from vla_async.nodes.parameters import parameter


@dataclass(frozen=True)
class Parameters(parameters.RobotParameters):
    """How far the bridge trusts what it is given."""

    joint_state_age_s: float = parameter(0.3, 'joint states older than this end the motion [s]', low=0.01, high=10.0)
    start_tolerance: float = parameter(0.2, 'largest distance from the measured position to the first set-point '
                                       '[rad or m]', low=0.001, high=3.0)
    tracking_tolerance: float = parameter(0.6, 'a robot further than this from its set-point is stopped [rad or m]',
                                          low=0.01, high=10.0)
    reference_tolerance: float = parameter(0.05, 'a trajectory controller that says for longer than a moment that it '
                                           'aims further than this from what it was sent ends the motion [rad or m]',
                                           low=0.001, high=3.0)
    release_tolerance: float = parameter(0.02, 'a held robot that was moved by more than this is held where it is now, '
                                         'at release [rad or m]', low=0.001, high=3.0)
    outside_tolerance: float = parameter(0.05, 'a robot measured further beyond its limits than this is not taken over '
                                         '[rad or m]', low=0.0, high=3.0)
    response_s: float = parameter(0.5, 'a robot that was told to move for so long, and stands still, is stopped until '
                                  'release [s]', low=0.1, high=10.0)
    window_age_s: float = parameter(0.5, 'windows stamped further back than this come too late [s]', low=0.05, high=5.0)
    clock_lead_s: float = parameter(0.5, 'a stamp further ahead than this tells of clocks that disagree, and is not '
                                    'believed [s]', low=0.01, high=10.0)
    clock_jump_s: float = parameter(0.1, 'a clock that is set by more than this ends the motion [s]',
                                    low=0.01, high=10.0)
    gap_s: float = parameter(0.1, 'after this long without set-points the robot has stopped, and stays [s]',
                             low=0.02, high=10.0)
    trajectory_replacement: str = parameter('auto', 'how to stream to trajectory controllers: absolute, splice, or '
                                            'auto: as their parameters tell')
    stop_heartbeat_s: float = parameter(0.0, 'a stop signal that is silent for longer stops the robot; 0: only its '
                                        'explicit stop does [s]', low=0.0, high=10.0)
    speed_scaling_topic: str = parameter('', 'where the robot tells the speed of its controllers in percent '
                                         '(std_msgs/Float64); empty: nowhere')
    hand_speed_max: float = parameter(10.0, 'motion with a hand faster than this is refused; 10: no limit in practice '
                                      '[m/s]', low=0.05, high=10.0)

    def tolerances(self) -> Tolerances:
        """Those of the follower."""
        return Tolerances(joint_state_age_s=self.joint_state_age_s, start=self.start_tolerance,
                          tracking=self.tracking_tolerance, reference=self.reference_tolerance,
                          release=self.release_tolerance, outside=self.outside_tolerance,
                          response_s=self.response_s, window_age_s=self.window_age_s, clock_lead_s=self.clock_lead_s,
                          clock_jump_s=self.clock_jump_s, gap_s=self.gap_s)
