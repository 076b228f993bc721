"""One function a verb. Each takes the context, its parsed arguments and, for a cell, the body, and
gives back the value of the cell, or None if it has shown what there is to show.

Loaded when a verb is used, so modules in here may import the client.
"""
