"""Fig 12: VGG-7 on CIFAR-10 by LAPerm, and by Adam with regularisation."""
