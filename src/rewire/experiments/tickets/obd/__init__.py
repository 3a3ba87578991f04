"""§3, optimal brain damage: its six steps on the fully connected network, against pruning by magnitude."""
