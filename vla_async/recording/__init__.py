"""`vla-async record` and `vla-async bag`: bags made, judged and mended by people."""
