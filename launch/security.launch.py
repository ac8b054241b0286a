"""Security of DDS for all that is launched after it; the other launch files include it, and it starts nothing itself.

`security:=<keystore>` names a keystore of `ros2 security`; docs/security.md tells how to make one. A process whose keys
are missing there does not start. Without the argument the environment stays as it is.
"""
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, NotEqualsSubstitution

KEYSTORE = LaunchConfiguration('security')
ENVIRONMENT = {'ROS_SECURITY_ENABLE': 'true', 'ROS_SECURITY_STRATEGY': 'Enforce', 'ROS_SECURITY_KEYSTORE': KEYSTORE}


def generate_launch_description():
    """The argument and, where it is given, what rcl reads of it."""
    argument = DeclareLaunchArgument('security', default_value='',
                                     description='keystore of ros2 security, an absolute path; empty: off')
    asked = IfCondition(NotEqualsSubstitution(KEYSTORE, ''))
    return LaunchDescription([argument, *(SetEnvironmentVariable(name, value, condition=asked)
                                          for name, value in ENVIRONMENT.items())])
