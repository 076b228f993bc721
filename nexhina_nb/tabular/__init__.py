"""DataFrames in, DataFrames out: verbs for whole columns.

This is where the parts of a batch are put together: the frame, the client, the cache on disk, the
display of progress. A verb that gives each row an answer of its own is a `rows.Plan`; how a plan is
carried out, at once, in the course of a lazy query or in the partitions of a cluster, is the same
for all of them.
"""
