"""§3.4: black digits, and what colouring them lazily saves."""
