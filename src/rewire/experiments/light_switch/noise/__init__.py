"""§3.2: few noisy points per task."""
