"""What every ticket recipe stands on: one config, the training function given to `tickets.find`, records, figures."""
