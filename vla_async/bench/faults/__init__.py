"""`vla-async bench faults`: what the robot does when something breaks.

command.py    the subcommand
campaign.py   every fault again and again, at random instants, while the robot follows instructions
graph.py      the processes of the demo, as they are, on two hosts or instrumented; what they leave behind
hosts.py      a second host on this machine, and its cable
driver.py     the campaign's own ROS node: keeps the robot moving and records what it did
fault.py      what a fault is, and what it may use
kinds/        the faults: processes, messages, links, clocks and the rest, and the table of them all
injector.py, spoil.py   messages that nobody should send, beside the real publisher
relay.py, treatment.py  a process that some topics pass through, and what it does to them
clock.py, clock_shift.c clocks that jump, for chosen processes
judge.py      passed or not, by what the simulated robot did at every step of its physics
stamps.py     what the bridge asked of it, by its set-points' own stamps; heard.py: from the recorder's bag
evidence.py   what is kept of a run that failed
results.py    the JSON, which an interrupted campaign continues; rows.py: a run in it; page.py, pictures.py: for people
memory.py     how much more each process holds after some minutes
"""
