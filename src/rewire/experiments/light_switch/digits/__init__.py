"""The demo: coloured digits that come with scikit-learn."""
