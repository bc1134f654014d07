"""Clusters of segments, and BERTopic around them."""
