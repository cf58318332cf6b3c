"""First screens: what waits for me, for others, and what is due soon; an overview for those who coordinate or audit."""


def register() -> None:
    """Nothing to fill in: this surface only reads what the areas registered."""
