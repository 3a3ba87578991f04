"""N tasks from one set of values: what each way to share costs in bits, and what it keeps of accuracy."""
