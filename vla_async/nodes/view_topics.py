"""Topics for people who look: what rviz and Foxglove draw. Nothing of the suite depends on them."""
from __future__ import annotations

from sensor_msgs.msg import JointState
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

from vla_async.nodes import qos
from vla_async.nodes.topics import Topic

MARKERS = Topic('motion_markers', MarkerArray, qos.NEWEST)
# joints at the end of the fused motion, or as measured while there is none, of which a robot_state_publisher in the
# namespace `ghost` makes frames
GHOST = Topic('ghost/joint_states', JointState, qos.NEWEST)
# what the ghost's robot_state_publisher tells
GHOST_DESCRIPTION = Topic('ghost/robot_description', String, qos.LATCHED)
