"""Face collections: faces that are kept with their vectors, and the search among them.

    store.py      the collections and their faces, in the database: the one truth
    changes.py    what has changed in a collection since a number, for those who follow it
    index.py      the arrays that find near vectors: exact, or inverted lists of quantised ones
    follower.py   an index of one collection that follows the database
    snapshots.py  an index on disk, so that a restart need not build it again
    search.py     nearest faces; holds the indexes of this process within a budget
    upkeep.py     forgets what nobody needs any more
"""
