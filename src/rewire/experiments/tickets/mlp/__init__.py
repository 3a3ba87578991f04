"""Fig 1 and Table 1: the fully connected network, with a faithful trainer and with the popular repository's."""
