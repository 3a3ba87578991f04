"""The experiments of the lottery-ticket report, after Frankle & Carbin 2019."""
