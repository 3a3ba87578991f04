"""Fig 3: a ticket found on one half of the data, trained on the other."""
