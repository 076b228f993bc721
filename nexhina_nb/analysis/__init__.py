"""Usage logs as frames: read, measured, drawn, reported.

`frames` reads a log from anywhere into the one form that `schema` declares; `metrics` are lazy
expressions over it; `report` collects and shows them. Money is integer quota throughout.
"""
