"""What identifies a person in a text."""
