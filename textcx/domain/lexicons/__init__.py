"""Types of the word lists and taxonomies that people may edit."""
