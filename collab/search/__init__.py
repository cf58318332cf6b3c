"""A Thai-aware index over every kind that gives search texts.

Thai has no spaces and PostgreSQL no Thai segmenter, so words are found by the pairs of neighbouring characters in them
(a GIN index narrows, a comparison with the folded text decides). Two-letter queries and Thai digits work.
"""


def register() -> None:
    """Keep the index: every recorded change of a kind with search texts updates its row."""
    from collab.search import subscribers

    subscribers.install()
