"""A robot's first motion: one joint a little away and back, by action chunks as a policy sends them."""
