"""Chinese text generation: poems, couplets and reading comprehension."""

__version__ = "0.1.0"
