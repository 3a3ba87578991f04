"""Fig 11: ResNet-20 on CIFAR-10 by LAPerm, and by Adam alone."""
