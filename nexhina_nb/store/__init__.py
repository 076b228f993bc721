"""What is kept: accounts, keys, the ledger, the log, channels and prices, in SQLite or any
database SQLAlchemy speaks.
"""
