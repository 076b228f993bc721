"""The magics: ``%nexhina`` for lines, ``%%nexhina`` for cells.

General layout: `verbs` and `options` declare every verb and option; `args` parses a line by them,
`manual` prints them, `complete` offers them. `commands` holds one function a verb, and `display`
shows what comes of it. `extension` puts it all into IPython; nothing else knows how the parts fit.
"""
