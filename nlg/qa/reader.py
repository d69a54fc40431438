"""Answer questions with a trained checkpoint; NumPy and ONNX Runtime, no Keras here.

    reader = Reader.from_checkpoint(folder)
    reader.answer("谁号少陵？", ["杜甫，字子美，号少陵野老。"]).text

A long passage is read through windows that overlap, each of which votes as a passage
does; where there are too many, those that share most with the question are read (BM25
over pairs of characters). Places in an answer are places in the passage as it came,
whatever the model made of its characters.

Shapes: B questions, Q windows of the longest, S tokens, N lines, T tokens of a line.
"""

import dataclasses
import itertools
import math
import pathlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np

from nlg.errors import NlgError, OptionError
from nlg.qa.calibrate import apply, table_of
from nlg.qa.candidates import (
    NOWHERE,
    Asked,
    Candidate,
    Out,
    RankedCandidate,
    Task,
    Window,
    evidence_of,
    found_lines,
    support_of,
)
from nlg.qa.config import KINDS, QAConfig
from nlg.qa.inputs import LEXICON, as_read, padded, source_of
from nlg.qa.question_type import answer_type
from nlg.qa.rerank import Evidence, ranking_of
from nlg.runtime import Checkpoint, open_checkpoint
from nlg.runtime.graph import Graph
from nlg.text.bm25 import BM25
from nlg.text.lexicon import Lexicon
from nlg.text.tokenizer import Tokenizer

TASK = "qa"
MODES = ("extractive", "generative")
AUTO, UNCONDITIONED = "auto", "none"  # answer types: told from the question; not told
BEAMS, MANY_BEAMS = 4, 8
AHEAD = 128  # questions read before the first is answered; those of one size share runs
RUN_TOKENS = 8192  # of all sources of a run, padding included


@dataclasses.dataclass(frozen=True)
class AnswerOptions:
    """How to answer."""

    mode: str = MODES[0]  # extractive: a fragment of a passage; generative: any text
    top_k: int = 1  # answers to each question, the best first
    beam: int = BEAMS  # hypotheses that are kept at each step
    threshold: float = 0.0  # confidence below which no answer is given
    # Probability of no answer from which a passage is silent; None: the checkpoint's.
    no_answer_threshold: float | None = None
    answer_type: str = AUTO  # of KINDS, or AUTO or UNCONDITIONED
    windows: int = 32  # that are read for one question; of more, the most promising
    batch_size: int = 0  # questions of a run; 0: as many as fit into RUN_TOKENS

    def __post_init__(self):
        """Refuse what cannot be answered."""
        for name, known in (
            ("mode", MODES),
            ("answer_type", (AUTO, UNCONDITIONED, *KINDS)),
        ):
            if getattr(self, name) not in known:
                raise OptionError(
                    f"{name} is {getattr(self, name)!r}; choose {', '.join(known)}"
                )
        for name, least, most in (
            ("top_k", 1, MANY_BEAMS),
            ("beam", 1, MANY_BEAMS),
            ("threshold", 0, 1),
            ("no_answer_threshold", 0, 1),
            ("windows", 1, 1024),
            ("batch_size", 0, AHEAD),
        ):
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise OptionError(
                    f"{name} is {value}; it must be from {least} to {most}"
                )


class Vote(NamedTuple):
    """What a passage has to say."""

    no_answer: float | None  # probability that it has no answer; None: it was not read
    share: float  # of the vote for the search's best line; all together are 1


class Answer(NamedTuple):
    """The best answer, text "" where none is given; see `Candidate`."""

    text: str
    confidence: float
    passage: int
    start: int
    end: int
    votes: tuple[Vote, ...]  # of each passage
    runners_up: tuple[Candidate, ...]  # the next best; with the best if it was withheld


NO_CANDIDATE = Candidate("", 0.0, NOWHERE, NOWHERE, NOWHERE)


T = TypeVar("T")
Made = Callable[[Task, Out, AnswerOptions], T]


class Reader:
    """Answers questions from passages."""

    def __init__(self, checkpoint: Checkpoint, workers: int = 1):
        self.checkpoint = checkpoint
        self.workers = workers
        self.config: dict[str, Any] = checkpoint.config
        self.tokenizer = Tokenizer(checkpoint.vocabulary, self.config["lower_case"])
        self.table = table_of(checkpoint)
        self.ranking = ranking_of(checkpoint)
        self.inputs = QAConfig(**self.config["model"]).inputs()
        self.lexicon = (
            Lexicon.load(checkpoint.path(LEXICON))
            if {"words", "meaning"} & set(self.inputs)
            else None
        )

    @classmethod
    def from_checkpoint(
        cls, folder: pathlib.Path, device: str = "cpu", workers: int = 0
    ) -> "Reader":
        """Open the folder that `nlg train qa` wrote.

        Args:
            folder: a checkpoint.
            device: "cpu" or "gpu".
            workers: for many questions: so many runs of the graph side by side, a
                thread each. 0, for one question: all cores share a run.
        """
        threads = 1 if workers else None
        opened = open_checkpoint(folder, TASK, device=device, threads=threads)
        return cls(opened, workers or 1)

    def answer(
        self,
        question: str,
        passages: Sequence[str],
        options: AnswerOptions = AnswerOptions(),
    ) -> Answer:
        """Return the answer to `question` that `passages` give together.

        Raises:
            OptionError: there is nothing to read in the question or in a passage.
        """
        task = self.task(Asked(question, passages), options)
        return next(self._run([task], options, self._answer))

    def answer_all(
        self, asked: Iterable[Asked], options: AnswerOptions = AnswerOptions()
    ) -> Iterator[Answer | NlgError]:
        """Yield the answer to each question in order; for a bad one, what is wrong."""
        return self._in_parts(asked, options, self._answer)

    def _in_parts(
        self, asked: Iterable[Asked], options: AnswerOptions, made: Made[T]
    ) -> Iterator[T | NlgError]:
        """Yield what is `made` of each question; of a bad one, what is wrong."""
        asked = iter(asked)
        while part := list(itertools.islice(asked, AHEAD)):
            tasks = [self._task_or_error(one, options) for one in part]
            good = [task for task in tasks if isinstance(task, Task)]
            answers = self._answers(good, options, made)
            for task in tasks:
                yield next(answers) if isinstance(task, Task) else task

    def evidence_all(
        self, asked: Iterable[Asked], options: AnswerOptions = AnswerOptions()
    ) -> Iterator[list[tuple[str, Evidence]]]:
        """Yield the lines found for each question and what speaks for them, in order.

        Of a bad question there are none.
        """
        for answers in self._in_parts(asked, options, self._with_evidence):
            yield [] if isinstance(answers, NlgError) else answers

    def _with_evidence(
        self, task: Task, out: Out, options: AnswerOptions
    ) -> list[tuple[str, Evidence]]:
        found = found_lines(task, out, support_of(task, out), self.tokenizer)
        texts = [one.candidate.text for one in found]
        return list(zip(texts, evidence_of(task, found), strict=True))

    def cut_off(self, question: str) -> str:
        """Return the beginning of a question that is too long to be read; "" if none.

        Chinese asks at the end.
        """
        return question.strip()[: -self.config["max_question"]]

    def end_of(self, question: str) -> tuple[int, str]:
        """Return where the part of a question starts that is read, and the part."""
        part = question.strip()[-self.config["max_question"] :]
        return len(question.rstrip()) - len(part), as_read(part)

    def _task_or_error(self, asked: Asked, options: AnswerOptions) -> Task | NlgError:
        try:
            return self.task(asked, options)
        except NlgError as error:
            return error

    def task(self, asked: Asked, options: AnswerOptions) -> Task:
        """Return a question ready to be answered."""
        _, question = self.end_of(asked.question)
        token_ids = self.tokenizer.encode(question)[-self.config["max_question"] :]
        if not token_ids:
            raise OptionError("the question is empty; type a question")
        if not asked.passages:
            raise OptionError("there is no passage to answer from; give one at least")
        windows = [
            self._window(number, start, text, token_ids)
            for number, start, text in self._best_parts(asked, question, options)
        ]
        kind = self._kind(asked.question, options.answer_type)
        wanted = KINDS.get(options.answer_type) or KINDS[answer_type(asked.question)]
        return Task(asked, windows, kind, wanted)

    def _kind(self, question: str, wanted: str) -> int:
        """Return the class of what is asked for, 0 if it is not told."""
        if self.config["answer_types"] and wanted == AUTO:
            return KINDS[answer_type(question)]
        if not self.config["answer_types"] and wanted not in (AUTO, UNCONDITIONED):
            raise OptionError(
                f"{self.checkpoint.folder} was trained without answer types; leave "
                f"--answer-type {wanted} out"
            )
        return KINDS.get(wanted, 0)

    def _best_parts(
        self, asked: Asked, question: str, options: AnswerOptions
    ) -> list[tuple[int, int, str]]:
        """Return number of passage, place and text of what is read, in order."""
        parts = []
        for number, passage in enumerate(asked.passages):
            windows = cut_up(as_read(passage), self.config["max_passage"])
            found = [(number, *window) for window in windows if window[1].strip()]
            if not found:
                raise OptionError(
                    f"passage {number + 1} is empty; leave it out or give a text"
                )
            parts += found
        if len(parts) <= options.windows:
            return parts
        index = BM25(pairs(text) for _, _, text in parts)
        best = index.best(pairs(question), options.windows)  # that share anything
        order = dict.fromkeys([*best, *range(options.windows)])
        return [parts[n] for n in sorted(list(order)[: options.windows])]

    def _window(
        self, passage: int, start: int, text: str, question: list[int]
    ) -> Window:
        most = self.config["max_passage"]
        token_ids, offsets = self.tokenizer.encode_with_offsets(text)
        places = [(start + a, start + b) for a, b in offsets[:most]]
        source = source_of(token_ids[:most], question, self.lexicon)
        return Window(passage, start, text, places, token_ids[:most], source)

    def _answers(
        self, tasks: Sequence[Task], options: AnswerOptions, made: Made[T]
    ) -> Iterator[T]:
        """Yield what is `made` of `tasks` in order; those of one size share runs."""
        order = sorted(
            range(len(tasks)), key=lambda n: (len(tasks[n].windows), tasks[n].longest)
        )
        runs = list(_runs(order, tasks, options.batch_size))
        found: dict[int, T] = {}
        self._graph(options)  # opened here, lest every worker opens one
        with ThreadPoolExecutor(self.workers) as pool:
            every = pool.map(
                lambda run: list(self._run([tasks[n] for n in run], options, made)),
                runs,
            )
            for run, answers in zip(runs, every, strict=True):
                found.update(zip(run, answers, strict=True))
        return (found[number] for number in range(len(tasks)))

    def _run(
        self, tasks: Sequence[Task], options: AnswerOptions, made: Made[T]
    ) -> Iterator[T]:
        """Run the graph once and yield what is `made` of each of `tasks`."""
        limit = options.no_answer_threshold
        if limit is None:
            limit = self.table.limit
        out = self._graph(options)(
            **self._inputs(tasks),
            length=np.array(self.config["max_answer"] + 1, "int32"),
            beam=np.array(options.beam, "int32"),
            free=np.array(options.mode == "generative"),
            limit=np.array(limit, "float32"),
        )
        for row, task in enumerate(tasks):
            yield made(task, {k: x[row] for k, x in out.items()}, options)

    def _graph(self, options: AnswerOptions) -> Graph:
        """Return the graph with as many beams and answers as are asked for."""
        many = options.top_k > 1 or options.beam > BEAMS
        return self.checkpoint.graph("many" if many else "model")

    def _inputs(self, tasks: Sequence[Task]) -> dict[str, np.ndarray]:
        """Return the graph's inputs; places without a passage hold the first one's."""
        most = max(len(task.windows) for task in tasks)
        sources = [
            window.source
            for task in tasks
            for window in task.windows + task.windows[:1] * (most - len(task.windows))
        ]
        shape = (len(tasks), most, -1)
        arrays = padded(sources)
        inputs = {name: arrays[name].reshape(shape) for name in self.inputs}
        if self.config["answer_types"]:
            kinds = np.array([task.kind for task in tasks], "int32")
            inputs["class_ids"] = np.repeat(kinds, most).reshape(shape)
        counts = np.array([[len(task.windows)] for task in tasks])
        return {**inputs, "present": np.arange(most) < counts}

    def _answer(self, task: Task, out: Out, options: AnswerOptions) -> Answer:
        """Return the answer in `out`, a question's part of what the search found."""
        support = support_of(task, out)
        found = self._ranked(task, out, support)
        best = [one.candidate for one in found[: options.top_k]]
        votes = _votes(task, out["no_answer"], support)
        if not best or best[0].confidence < options.threshold:
            withheld = best[0].confidence if best else 0.0
            given = NO_CANDIDATE._replace(confidence=withheld)
            return Answer(*given, votes, tuple(best))
        return Answer(*best[0], votes, tuple(best[1:]))

    def _ranked(
        self, task: Task, out: Out, support: np.ndarray
    ) -> list[RankedCandidate]:
        """Return what was found, the best first, with confidences.

        Where more than one passage votes, or without a ranking, the search's order
        stays. Without a ranking a line is as sure as the best one is probable after the
        passage that supports it most, by the line's share of its vote.
        """
        found = found_lines(task, out, support, self.tokenizer)
        order = list(range(len(found)))
        if self.ranking:
            chances = self.ranking.probabilities(evidence_of(task, found))
            voters = {
                task.windows[n].passage for n in np.flatnonzero(support > -np.inf)
            }
            if len(voters) == 1:
                order.sort(key=lambda n: -chances[n])
        else:
            behind = [one.line.vote - found[0].line.vote for one in found]
            chances = [math.exp(float(support.max()) + less) for less in behind]
        return [found[n].sure(apply(self.table.knots, chances[n])) for n in order]


def cut_up(text: str, size: int) -> Iterator[tuple[int, str]]:
    """Yield windows of a text and where they start; neighbours share a quarter.

    Example:
        >>> list(cut_up("春眠不觉晓处处闻啼鸟", 4))
        [(0, '春眠不觉'), (3, '觉晓处处'), (6, '处闻啼鸟')]
    """
    step = size - size // 4
    for start in range(0, max(1, len(text) - size + step), step):
        yield start, text[start : start + size]


def pairs(text: str) -> list[str]:
    """Return the pairs of neighbours in a text; needs no dictionary, as words would.

    Example:
        >>> pairs("春眠不觉")
        ['春眠', '眠不', '不觉']
    """
    text = text.lower()
    return [text[n : n + 2] for n in range(max(1, len(text) - 1))]


def _runs(
    order: Sequence[int], tasks: Sequence[Task], size: int
) -> Iterator[list[int]]:
    """Yield tasks that go through the graph together, of `order` by size; see above."""
    run: list[int] = []
    for number in order:
        task = tasks[number]
        longest = max([task.longest, *(tasks[n].longest for n in run)])
        tokens = (len(run) + 1) * len(task.windows) * longest
        if len(run) == size if size else run and tokens > RUN_TOKENS:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _votes(task: Task, no_answer: np.ndarray, support: np.ndarray) -> tuple[Vote, ...]:
    """Return what each passage says: the best of its windows, and their shares."""
    weights = np.exp(2 * np.maximum(support, -300.0)) * (support > -np.inf)
    shares = weights / max(weights.sum(), 1e-30)
    found: dict[int, Vote] = {}
    for window, alone, share in zip(
        task.windows, no_answer.tolist(), shares.tolist(), strict=False
    ):
        before = found.get(window.passage, Vote(1.0, 0.0))
        least = min(before.no_answer or 0.0, alone)
        found[window.passage] = Vote(least, before.share + share)
    unread = Vote(None, 0.0)
    return tuple(
        _rounded(found.get(number, unread))
        for number in range(len(task.asked.passages))
    )


def _rounded(vote: Vote) -> Vote:
    silent = None if vote.no_answer is None else round(vote.no_answer, 4)
    return Vote(silent, round(vote.share, 4))
