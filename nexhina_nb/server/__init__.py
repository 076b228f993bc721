"""The Jupyter Server extension: one gateway for all kernels of a server, and what the browser may
know of it.

General layout: `lifecycle` owns the process, `figures` asks it, `handlers` answer the browser,
`extension` puts the three into the Jupyter server.
"""
