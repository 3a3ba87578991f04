"""The experiments of Zhou et al. 2019: what in the lottery ticket algorithm matters, and supermasks."""
