"""ZH-7: masks learned over weights that never change."""
