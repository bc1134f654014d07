"""The service: HTTP in, HTTP out. Everything it answers is computed by textcx, which knows nothing of it.

Imports inside this package are relative, so that the wheel can hold it under a name that is polite beside other
packages: ``textcx_api``.
"""
