"""The control that the report's conclusion needs: the same masks with other initial values, or other masks."""
