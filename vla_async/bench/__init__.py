"""`vla-async bench`: how fast the running graph is.

command.py   the subcommand
pipeline.py  runs the demo twice, the second time with a slowed reasoner, and reads the figures from the bags
speed.py     the figures of one run, and what they are held against
"""
