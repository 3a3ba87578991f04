"""Permute to Train (Qiu & Suda 2022): its sections as recipes."""
