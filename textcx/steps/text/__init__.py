"""A text on its own: cleaned, searched for personal data, masked, split. Lengths never change."""
