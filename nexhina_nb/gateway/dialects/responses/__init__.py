"""The Responses API over chat completions (contract 2.5).

What is asked is turned into a chat by `request` and `items`, what comes back into output items and
events by `translator`, `output` and `objects`. A whole reply goes the way of a stream, as one
chunk, so that both always say the same.
"""
