"""5.2.3, Figs 13 to 15: a network of 10 % of its weights, whose connections are moved before they are trained."""
