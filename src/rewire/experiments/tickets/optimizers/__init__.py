"""Fig 5: tickets found by SGD and by Adam, and each trained by the other."""
