"""Fig 2: the convolutional network, the standard LeNet-5 and what the popular repository calls so."""
