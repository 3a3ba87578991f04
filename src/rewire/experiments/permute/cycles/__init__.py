"""§2.3, §3, Figs 5 and 6: the graph that SGPerm searches and the cycles it finds; the cycles between two syncs."""
