"""The process starter: every node as an own process, watched, restarted, and gone at the end without a trace.

domain.py       a ROS domain that nobody uses
environment.py  what the processes find in their environment
child.py        runs inside each process: ends with its starter
node_command.py the command of a node, and its parameters
process.py      one process: start, watch, stop step by step
spare.py        a process in reserve, so that a restart is quick
identity.py     which process on which machine, to find and kill one that hangs
bring_up.py     which lifecycle transition is due
heartbeat.py    which nodes are alive but silent
shared_memory.py what Fast DDS leaves behind when a process is killed
starter.py      all processes together
"""
