"""What this project's gateway and client say to each other beyond the protocol of OpenAI.

Others ignore it: a request's tags, and what a call was billed, which a plain answer carries as a
header and a stream as a comment before its end marker.
"""

from __future__ import annotations

QUOTA_HEADER = "x-nexhina-quota"
QUOTA_COMMENT = "nexhina-quota"
TAGS_HEADER = "x-nexhina-tags"
LONGEST_TAGS = 1024  # of what the gateway keeps, as they travel: name=value&…
# What is left in the wallet, in USD, while that is little: a header, a comment of a stream.
LOW_BALANCE_HEADER = "x-nexhina-low-balance"
LOW_BALANCE_COMMENT = "nexhina-low-balance"
