"""`vla-async demo`: the whole graph on a simulated robot, over DDS in real time.

command.py    arguments and the order of things
options.py    what was asked for, checked before anything starts
processes.py  which processes, with which parameters
operator.py   the demo's own ROS node: bring-up watched, episodes prepared, tasks given
figures.py    rates and ages for the live status
status.py     the live status
"""
