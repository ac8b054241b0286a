"""`vla-async bench pipeline`: the whole graph over DDS, in real time."""
