"""Name themes in the customers' own words."""
