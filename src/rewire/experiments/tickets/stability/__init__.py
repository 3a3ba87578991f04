"""§3: late resetting, and how stable tickets are to pruning and to the order of the data."""
