"""The digits that come with scikit-learn: 1797 images of 8×8, so that demo and tests need no network."""

import numpy
import torch
from torch import Tensor

Arrays = tuple[Tensor, Tensor]


def read_digits() -> tuple[Arrays, Arrays]:
    """(train images, labels), (test images, labels) of scikit-learn's digits: uint8 [N, 1, 8, 8], int64 [N].

    Pixels 0..16 become 0..255 (round(255·v/16)). The split is fixed and stratified: within each class, in the
    published order, every fifth image is a test image. That gives 1442 training and 355 test images.

    >>> (images, labels), (_, test_labels) = read_digits()
    >>> images.shape, int(images.max()), test_labels.bincount().tolist()
    (torch.Size([1442, 1, 8, 8]), 255, [35, 36, 35, 36, 36, 36, 36, 35, 34, 36])
    """
    from sklearn.datasets import load_digits

    pixels, target = load_digits(return_X_y=True)
    images = torch.from_numpy(numpy.rint(pixels * (255 / 16)).astype(numpy.uint8)).reshape(-1, 1, 8, 8)
    labels = torch.from_numpy(target.astype(numpy.int64))
    test = _every_fifth_of_each_class(labels)
    return (images[~test], labels[~test]), (images[test], labels[test])


def _every_fifth_of_each_class(labels: Tensor) -> Tensor:
    test = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        test[(labels == label).nonzero().flatten()[4::5]] = True
    return test
