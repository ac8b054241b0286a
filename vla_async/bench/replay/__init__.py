"""How fast bags are judged, and whether memory stays constant over a long one."""
