"""§2.3, Fig 4: a weight vector cut at random into parts, within which values lie farther apart."""
