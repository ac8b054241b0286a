"""`vla-async doctor`: what this machine lacks, and how to mend it; or what a robot's file gets wrong.

check.py     what a check says
machine.py   Python, compiler, shared memory
ros.py       ROS wheels, messages, two processes that talk over DDS (loopback.py is the other one)
models.py    rendering, GPU, checkpoint
robot.py     a robot's file beside its URDF
command.py   the subcommand
"""
