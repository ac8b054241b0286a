"""`vla-async bench`: what the suite achieves, as figures.

command.py   the subcommand; each folder has one more; target.py holds figures against promises
pipeline/    runs the demo twice, the second time with a slowed reasoner, and reads the figures from the bags
fusion/      puts every fuser through the same chunks
"""
