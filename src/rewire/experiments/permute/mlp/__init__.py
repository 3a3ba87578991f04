"""Fig 10: 784-500-300-10 on MNIST and Fashion-MNIST, by permutations of one and the same set of values."""
