"""`vla-async bench fusion`: every fuser on the same chunks, in virtual time."""
