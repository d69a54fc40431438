"""What a reader's network has, and which classes it is told; no Keras, no NumPy."""

import dataclasses

SALIENCY = "saliency"  # name of the graph
SPECIAL = 4  # special tokens of a sample: [CLS] and three [SEP]
OTHER = "other"
ANSWER_TYPES = ("person", "place", "time", "number", "organisation", OTHER)
# The class of each answer type; class 0 means that the type is not given.
KINDS = {name: number for number, name in enumerate(ANSWER_TYPES, 1)}
ENTITY, PHRASE = "entity", "phrase"
STYLES = (
    ENTITY,
    PHRASE,
)  # 夏天; or 因为夏天来了. What a user may want or annotators gave
# The class of each style; class 0 means that the style is not given.
STYLE_CLASSES = {name: number for number, name in enumerate(STYLES, 1)}


@dataclasses.dataclass(frozen=True)
class QAConfig:
    """The parts that the network adds to its backbone; each starts without effect."""

    overlap: bool = True  # inputs `overlap` and `nearness`: what passage and question
    # have in common
    words: bool = True  # input `words`: the dictionary words of the text
    copy: bool = True  # a head that copies tokens of the source
    convolutions: int = 192  # units of the DGCNN beside the backbone; 0: no DGCNN
    answer_types: bool = False  # conditioned on the answer type (Conditional LayerNorm)
    styles: bool = False  # conditioned on the style of answers too
    vectors: int = 0  # dictionary words that have a vector
    vector_units: int = 64

    def inputs(self) -> tuple[str, ...]:
        """Return the fields of `nlg.qa.inputs.EncodedSource` that the network reads."""
        needed = {
            "overlap": self.overlap,
            "nearness": self.overlap,
            "words": self.words,
            "meaning": self.vectors > 0,
            "asks": self.convolutions > 0 or self.vectors > 0,
        }
        return "token_ids", *(name for name, is_read in needed.items() if is_read)

    def classes(self) -> tuple[int, ...]:
        """Return how many classes each kind of class has that the network is told."""
        told = (self.answer_types, len(ANSWER_TYPES)), (self.styles, len(STYLES))
        return tuple(count for is_told, count in told if is_told)


@dataclasses.dataclass(frozen=True)
class ReaderConfig:
    """The part of a checkpoint's config.json that answering needs."""

    model: QAConfig
    lower_case: bool  # of the tokenizer
    max_passage: int  # characters of a window, which has no more tokens than that
    max_question: int  # characters and tokens; of a longer question the end is read
    max_answer: int  # tokens, without the end


def longest(config: ReaderConfig) -> tuple[int, int]:
    """Return S and T, the sizes of the graph of `nlg.qa.train.saliency`."""
    source = config.max_passage + config.max_question + SPECIAL - 1
    return source, config.max_answer + 1
