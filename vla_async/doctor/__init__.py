"""`vla-async doctor`: what this machine lacks, and how to mend it.

check.py     what a check says
machine.py   Python, compiler, shared memory
ros.py       ROS wheels, messages, two processes that talk over DDS (loopback.py is the other one)
models.py    rendering, GPU, checkpoint
command.py   the subcommand
"""
