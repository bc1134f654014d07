"""From what an encoder says of tokens to aspects, and the opinions about them."""
