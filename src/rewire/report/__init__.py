"""The page that shows runs, their claims and figures; importing this loads neither matplotlib nor jinja2."""

from rewire.report.page import build

__all__ = ["build"]
