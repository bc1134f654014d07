"""One library, one room; none knows another but through what it is built on."""

import os

# Threads that wait for each other's share of a product spin by default; on a machine with other work that costs four
# times the processor time and as much waiting. Must stand before the first import of torch; a value of the user wins.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
