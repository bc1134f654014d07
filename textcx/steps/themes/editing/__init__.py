"""Apply what people change by hand to a theme set; take erased records out of it."""
