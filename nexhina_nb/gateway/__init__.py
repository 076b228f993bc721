"""The gateway: one process beside the kernel that answers every endpoint, keeps the keys and the
money.
"""
