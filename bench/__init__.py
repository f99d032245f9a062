"""What the middleware costs, as ratios measured in one run. ``python -m bench --help``."""
