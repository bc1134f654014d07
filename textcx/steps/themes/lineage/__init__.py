"""What became of the themes of an earlier set: ids, splits, merges, pins, differences."""
