"""Do intervals, tests and flags keep what they promise, on data made from known populations?"""
