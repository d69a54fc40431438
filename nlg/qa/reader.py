"""Answer questions with a trained checkpoint; NumPy and ONNX Runtime, no Keras here.

    reader = Reader()
    reader.answer("谁号少陵？", ["杜甫，字子美，号少陵野老。"]).text

    requests -> prepared (`nlg.qa.prepare`) -> runs of the graph
             -> candidates (`nlg.qa.candidates`) -> ranked, calibrated -> answers

A reader does not change while it answers, so several threads may use one.

Shapes: B questions of a run, Q windows of the question with the most, S tokens, K kinds
of class.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np

from nlg.config import apply_values
from nlg.errors import NlgError
from nlg.qa.answer import NO_CANDIDATE, Answer, QARequest
from nlg.qa.calibrate import apply, table_of
from nlg.qa.candidates import (
    RankedCandidate,
    SearchedQuestion,
    apart,
    candidates_of,
    evidence_of,
    votes_of,
)
from nlg.qa.config import ReaderConfig
from nlg.qa.inputs import LEXICON, padded
from nlg.qa.options import BEAMS, DEFAULTS, MOST_AT_ONCE, AnswerOptions
from nlg.qa.prepare import PreparedQuestion, Preparer
from nlg.qa.rerank import Evidence, ranking_of
from nlg.runtime import Source, opened
from nlg.runtime.graph import Graph, batched
from nlg.text.lexicon import Lexicon
from nlg.text.tokenizer import Tokenizer

TASK = "qa"
RUN_TOKENS = 8192  # of all sources of a run, padding included

Result = TypeVar("Result")


class FoundLines(NamedTuple):
    """What the search found for a request."""

    lines: list[tuple[str, Evidence]]  # the texts, in the order of the search
    no_answer: float  # the least probability of no answer of all windows


NOTHING = FoundLines([], 1.0)
Interpret = Callable[[SearchedQuestion, AnswerOptions], Result]


class Reader:
    """Answers questions from passages.

    Args:
        checkpoint: the folder that `nlg train qa` wrote; the shipped one by default.
        device: "cpu" or "gpu".
        workers: threads of `answer_all`, one core each. 0, for one question at a time:
            all cores share a run of the graph.
    """

    def __init__(
        self, checkpoint: Source = None, device: str = "cpu", workers: int = 0
    ):
        threads = 1 if workers else None
        self.checkpoint = opened(checkpoint, TASK, TASK, device, threads)
        self.workers = workers or 1
        self.config = self.checkpoint.config.facts_as(ReaderConfig)
        self.tokenizer = Tokenizer(self.checkpoint.vocabulary, self.config.lower_case)
        self.table = table_of(self.checkpoint)
        self.ranking = ranking_of(self.checkpoint)
        self.inputs = self.config.model.inputs()
        self.preparer = Preparer(self.config, self.tokenizer, self._lexicon())

    @classmethod
    def from_checkpoint(
        cls, path: Source = None, device: str = "cpu", workers: int = 0
    ) -> "Reader":
        """Return the same as `Reader(path, device, workers)`."""
        return cls(path, device, workers)

    def _lexicon(self) -> Lexicon | None:
        """Return the dictionary of a checkpoint whose network reads words."""
        reads_words = {"words", "meaning"} & set(self.inputs)
        return Lexicon.load(self.checkpoint.path(LEXICON)) if reads_words else None

    def answer(
        self,
        question: str,
        passages: Sequence[str],
        options: AnswerOptions = DEFAULTS,
        **changes: Any,
    ) -> Answer:
        """Return the answer to `question` that `passages` give together.

        Args:
            question: the question.
            passages: the texts that may answer it.
            options: how to answer.
            **changes: fields of `options` to change, such as top_k=3.

        Raises:
            OptionError: the question or a passage is empty, or there is no passage.
        """
        options = apply_values(options, changes, "answer()")
        prepared = self.preparer.prepare(QARequest(question, passages), options)
        (searched,) = self._run([prepared], options)
        return self._answer(searched, options)

    def answer_all(
        self, requests: Iterable[QARequest], options: AnswerOptions = DEFAULTS
    ) -> Iterator[Answer | NlgError]:
        """Yield an answer to each request, in order; for a bad one, the error."""
        return self._interpreted(requests, options, self._answer)

    def evidence_all(
        self, requests: Iterable[QARequest], options: AnswerOptions = DEFAULTS
    ) -> Iterator[FoundLines]:
        """Yield the candidates for each request with their evidence, in order.

        For a bad request it is `NOTHING`.
        """
        for found in self._interpreted(requests, options, self._evidence):
            yield NOTHING if isinstance(found, NlgError) else found

    def _interpreted(
        self,
        requests: Iterable[QARequest],
        options: AnswerOptions,
        interpret: Interpret[Result],
    ) -> Iterator[Result | NlgError]:
        """Yield what `interpret` makes of each request; for a bad one, the error."""
        for part in batched(requests, MOST_AT_ONCE):
            prepared = [self._prepared_or_error(request, options) for request in part]
            good = [one for one in prepared if isinstance(one, PreparedQuestion)]
            results = self._in_runs(good, options, interpret)
            for one in prepared:
                yield one if isinstance(one, NlgError) else next(results)

    def _prepared_or_error(
        self, request: QARequest, options: AnswerOptions
    ) -> PreparedQuestion | NlgError:
        try:
            return self.preparer.prepare(request, options)
        except NlgError as error:
            return error

    def _in_runs(
        self,
        questions: Sequence[PreparedQuestion],
        options: AnswerOptions,
        interpret: Interpret[Result],
    ) -> Iterator[Result]:
        """Yield a result for each question, in order; the workers share the runs."""

        def results_of(run: list[int]) -> list[Result]:
            searched = self._run([questions[n] for n in run], options)
            return [interpret(one, options) for one in searched]

        runs = list(_runs(questions, options.batch_size))
        found: dict[int, Result] = {}
        with ThreadPoolExecutor(self.workers) as pool:
            for run, results in zip(runs, pool.map(results_of, runs), strict=True):
                found.update(zip(run, results, strict=True))
        return (found[number] for number in range(len(questions)))

    def _run(
        self, questions: Sequence[PreparedQuestion], options: AnswerOptions
    ) -> list[SearchedQuestion]:
        """Run the graph once, on all of `questions`."""
        limit = options.no_answer_threshold
        if limit is None:
            limit = self.table.limit
        outputs = self._graph(options)(
            **self._inputs(questions),
            length=np.array(self.config.max_answer + 1, "int32"),  # and the end
            beam=np.array(options.beam, "int32"),
            free=np.array(options.mode == "generative"),
            limit=np.array(limit, "float32"),
        )
        return [
            SearchedQuestion.from_row(question, outputs, row)
            for row, question in enumerate(questions)
        ]

    def _graph(self, options: AnswerOptions) -> Graph:
        return self.checkpoint.graph("model" if options.beams == BEAMS else "many")

    def _inputs(self, questions: Sequence[PreparedQuestion]) -> dict[str, np.ndarray]:
        """Return the inputs of the graph: sources (B, Q, S) and which are present.

        A question with fewer than Q windows repeats its first one.
        """
        Q = max(len(question.windows) for question in questions)
        sources = [
            window.source
            for question in questions
            for window in _repeated(question.windows, Q)
        ]
        shape = (len(questions), Q, -1)
        arrays = padded(sources)
        inputs = {name: arrays[name].reshape(shape) for name in self.inputs}
        if self.config.model.classes():
            told = np.array([question.class_ids for question in questions], "int32")
            inputs["class_ids"] = np.repeat(told[:, None], Q, axis=1)  # (B, Q, K)
        counts = np.array([[len(question.windows)] for question in questions])
        return {**inputs, "present": np.arange(Q) < counts}

    def _evidence(
        self, searched: SearchedQuestion, options: AnswerOptions
    ) -> FoundLines:
        found = candidates_of(searched, self.tokenizer)
        texts = [one.candidate.text for one in found]
        evidence = evidence_of(searched.question, found)
        lines = list(zip(texts, evidence, strict=True))
        return FoundLines(lines, float(searched.no_answer.min()))

    def _answer(self, searched: SearchedQuestion, options: AnswerOptions) -> Answer:
        found = apart(self._ranked(searched))[: options.top_k]
        best = tuple(one.candidate for one in found)
        votes = votes_of(searched)
        if not best:
            return Answer(*NO_CANDIDATE, votes, ())
        if best[0].confidence < options.threshold:
            withheld = NO_CANDIDATE._replace(confidence=best[0].confidence)
            return Answer(*withheld, votes, best)
        return Answer(*best[0], votes, best[1:])

    def _ranked(self, searched: SearchedQuestion) -> list[RankedCandidate]:
        """Return the candidates, the best first, with calibrated confidences.

        The ranking orders the candidates of a single passage. Where several passages
        vote, the order is that of the search. Without a ranking, the raw confidence is
        p(best hypothesis | its window), times the candidate's vote as a share of the
        best one's.
        """
        found = candidates_of(searched, self.tokenizer)
        order = list(range(len(found)))
        if self.ranking:
            evidence = evidence_of(searched.question, found)
            chances = self.ranking.probabilities(evidence)
            if len(searched.voters()) == 1:
                order.sort(key=lambda n: -chances[n])
        else:
            best = float(searched.support.max())
            behind = (one.line.vote - found[0].line.vote for one in found)
            chances = [math.exp(best + less) for less in behind]
        confidences = [apply(self.table.knots, chance) for chance in chances]
        return [found[n].with_confidence(confidences[n]) for n in order]


def _repeated(windows: list[Result], count: int) -> list[Result]:
    """Return `windows`, the first of them repeated until there are `count`."""
    return windows + windows[:1] * (count - len(windows))


def _runs(questions: Sequence[PreparedQuestion], size: int) -> Iterator[list[int]]:
    """Yield the numbers of the questions of each run; those of like size share runs.

    Args:
        questions: ready for the graph.
        size: questions of a run; 0: as many as fit into `RUN_TOKENS`.
    """
    order = sorted(
        range(len(questions)),
        key=lambda n: (len(questions[n].windows), questions[n].longest),
    )
    run: list[int] = []
    longest = 0
    for number in order:
        question = questions[number]
        longest = max(longest, question.longest)
        tokens = (len(run) + 1) * len(question.windows) * longest
        if len(run) == size if size else run and tokens > RUN_TOKENS:
            yield run
            run, longest = [], question.longest
        run.append(number)
    if run:
        yield run
