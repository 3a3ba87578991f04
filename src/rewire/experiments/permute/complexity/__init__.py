"""§2.1, §2.4, §3.2, §4.1: how many cycles there are, what finding them costs, and what permuting leaves as it was."""
