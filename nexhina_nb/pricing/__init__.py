"""What calls cost: prices, tokens, the one formula from usage to quota, and estimates made with it.

Import from the module that owns the thing: `price`, `usage`, `cost`, `tasks`, `catalog`, `page`,
`tokens`, `estimate`.
"""

from __future__ import annotations
