"""Chinese text generation: poems, couplets and reading comprehension.

    import nlg

    nlg.Couplets().reply("海阔凭鱼跃")[0].second_line

`docs/python.md` shows each of the names below. A name is imported when it is first
used (PEP 562), so `import nlg` loads nothing.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False  # for mypy, which takes it for true; typing would cost 10 ms
if TYPE_CHECKING:
    from nlg.classify.classifier import Classifier
    from nlg.couplet.check import check_couplet
    from nlg.couplet.responder import Couplets
    from nlg.poem.check import examine as check_poem
    from nlg.poem.vae.poet import Poet
    from nlg.poem.writer.composer import Composer
    from nlg.qa.reader import Reader
    from nlg.write.reviewer import Reviewer

__all__ = [
    "Classifier",
    "Composer",
    "Couplets",
    "Poet",
    "Reader",
    "Reviewer",
    "__version__",
    "check_couplet",
    "check_poem",
]
_PLACES = {
    "Classifier": ("nlg.classify.classifier", "Classifier"),
    "Composer": ("nlg.poem.writer.composer", "Composer"),
    "Couplets": ("nlg.couplet.responder", "Couplets"),
    "Poet": ("nlg.poem.vae.poet", "Poet"),
    "Reader": ("nlg.qa.reader", "Reader"),
    "Reviewer": ("nlg.write.reviewer", "Reviewer"),
    "check_couplet": ("nlg.couplet.check", "check_couplet"),
    "check_poem": ("nlg.poem.check", "examine"),
}


def __getattr__(name: str) -> object:
    """Return a name of the public API, and keep it for the next time."""
    if name not in _PLACES:
        raise AttributeError(f"module 'nlg' has no attribute {name!r}")
    import importlib

    module, attribute = _PLACES[name]
    found = globals()[name] = getattr(importlib.import_module(module), attribute)
    return found


def __dir__() -> list[str]:
    """Return the names of the public API too."""
    return sorted({*globals(), *__all__})
