"""What passes through a stream: one small protocol (`base`), and who reads which dialect.

Pure: bytes in, frames out. Frames go on as they came, and the facts for the bill are read off.
What a server sends is never trusted to have the right shape: a piece that cannot be read passes as
it is and counts for nothing.
"""
