"""The durable half of the service: uploads become records, data sets become analyses, whatever happens to the process.

Nothing here speaks HTTP. The app and ``textcx worker`` run the same jobs over the same database.
"""
