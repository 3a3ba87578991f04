"""§3, Han et al. 2015: a threshold of q standard deviations per layer, and retraining at a tenth of the rate."""
