"""What the reader is made of; no Keras."""

import dataclasses

from nlg.qa.question_type import ANSWER_TYPES

SPECIAL = 4  # [CLS] and three [SEP]
KINDS = {name: number for number, name in enumerate(ANSWER_TYPES, 1)}  # 0: not told


@dataclasses.dataclass(frozen=True)
class QAConfig:
    """What the model has besides its backbone; all of it starts without effect."""

    overlap: bool = True  # sees which parts of the passage stand in the question
    words: bool = True  # sees which words a dictionary has there, and what they are
    copy: bool = True  # may copy from its source in place of writing
    convolutions: int = 192  # units of a DGCNN under and beside the backbone; 0: none
    answer_types: bool = False  # told what kind of thing is asked for
    vectors: int = 0  # words of the dictionary that have a vector
    vector_units: int = 64

    def inputs(self) -> tuple[str, ...]:
        """Return what it takes of a `nlg.qa.inputs.EncodedSource`."""
        hints = {
            "overlap": self.overlap,
            "nearness": self.overlap,
            "words": self.words,
            "meaning": self.vectors > 0,
            "asks": self.convolutions > 0 or self.vectors > 0,
        }
        return "token_ids", *(name for name, needed in hints.items() if needed)


@dataclasses.dataclass(frozen=True)
class ReaderConfig:
    """What a reader's checkpoint says of its model."""

    model: QAConfig
    lower_case: bool
    max_passage: int  # tokens of a window
    max_question: int  # tokens
    max_answer: int  # tokens
