"""What a message to another agent or an outside party asks for, promises, reveals or hides.

``recipients`` tells who reads it, ``clauses`` who is to act in each clause, ``reader`` which kind
of ``words.toml`` it shows, and ``leaks`` whether it gives a confidential file away.
"""

__all__: list[str] = []
