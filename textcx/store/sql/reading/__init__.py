"""Questions about data sets, answered from the rows."""
