"""What pruned weights are frozen at: zero, their initial values, or whichever is nearer to where they were going."""
