"""Tickets found on one dataset, trained on another: after 7.2, on other data."""
