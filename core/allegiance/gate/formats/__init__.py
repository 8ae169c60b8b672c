"""What a gate writes for other tools, one module a format; each has a function ``render``."""
