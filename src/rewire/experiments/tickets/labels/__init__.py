"""Fig 4: a ticket found on the digits 0 to 4, trained on 5 to 9."""
