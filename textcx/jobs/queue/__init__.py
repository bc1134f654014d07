"""The durable queue of jobs: who runs what, and what is taken up again after a crash."""
