"""Answer lines of couplets with a trained checkpoint; NumPy and ONNX Runtime, no Keras.

    Couplets().reply("晚风摇树树还挺", count=3)[0].second_line

A reply depends on its line, the options and the seed alone, not on what else is in the
batch. Everything that is no letter, digit or ideograph is a mark, which the answer
repeats where it stands; so an answer is always as long as its line.

Shapes: B lines of one length, T characters, N slots a place.
"""

import concurrent.futures
import dataclasses
import functools
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from nlg.config import apply_values, check_bounds
from nlg.couplet.config import FORWARD, REVERSE, SOURCE_WEIGHT
from nlg.couplet.differing import differing
from nlg.couplet.explain import explain
from nlg.couplet.inputs import LONGEST, GivenLine, LineRequest, as_known, read_line
from nlg.couplet.pairs import Pairs
from nlg.couplet.results import AnswerCharacter, Judged, Reply, WrittenLine
from nlg.couplet.rules import FREE, RULES, Rulebook, Task, within
from nlg.couplet.scroll import SCROLLS, VECTORS, Scrolls
from nlg.decode.results import IMPOSSIBLE, NEG_INF
from nlg.errors import NlgError, OptionError
from nlg.runtime import Source, opened
from nlg.runtime.graph import Graph, available_cores, batched, filled
from nlg.text.couplets import is_mark
from nlg.text.rhymes import LEVEL, OBLIQUE
from nlg.text.vocab import PAD_ID

TASK = "couplet"
PAIRS = "pairs.txt"
BEAMS, MANY_BEAMS = 4, 16
RUNNERS_UP = 8
SLOTS = 24  # characters that each place may choose from; more for long lines
BLOCK = 128  # rows a run
TILE = 8  # rows of a run are a multiple, see `filled`
STEEPNESS = (1 + SOURCE_WEIGHT) / 2  # of scores, beside those of two equal factors
NO_ANSWER = "no answer keeps all rules; ban fewer characters, or leave a rule out"
AHEAD = 4096  # lines read before the first is answered; rows of one length share runs


@dataclasses.dataclass(frozen=True)
class ReplyOptions:
    """How to answer, and what to say of each answer."""

    count: int = (
        1  # answers to a line that differ, the best first; fewer if none is left
    )
    temperature: float = 0.0  # 0 takes the most probable characters
    seed: int = 1  # of what is drawn with a temperature
    reverse: bool = False  # the given lines are second lines, the answers first ones
    keep: str = ""  # as long as the line: characters that must stand, "_" where any may
    banned: str = ""  # characters that no answer may hold
    rules: tuple[str, ...] = tuple(RULES)  # those of `RULES` that an answer keeps
    scroll: bool = False  # add a 横批 of four characters
    explain: bool = False  # add tones, and what else could stand at each place

    def __post_init__(self):
        """Refuse what cannot be answered."""
        check_bounds(self, {"count": (1, MANY_BEAMS), "temperature": (0, 10)})
        for rule in self.rules:
            if rule not in RULES:
                raise OptionError(f"no rule {rule!r}; there are {', '.join(RULES)}")


DEFAULTS = ReplyOptions()


class Couplets:
    """Answers lines of couplets; any number of threads may share one.

    Args:
        checkpoint: the folder that `nlg train couplet` wrote; the shipped one by
            default.
        device: "cpu" or "gpu".
    """

    def __init__(self, checkpoint: Source = None, device: str = "cpu"):
        self.checkpoint = opened(checkpoint, TASK, TASK, device, threads=1)
        self.vocabulary = self.checkpoint.vocabulary
        self.rulebook = Rulebook(self.vocabulary)

    @classmethod
    def from_checkpoint(cls, path: Source = None, device: str = "cpu") -> "Couplets":
        """Return the same as `Couplets(path, device)`."""
        return cls(path, device)

    @functools.cached_property
    def pairs(self) -> Pairs:
        """Return the pairs of characters that the model knows."""
        return Pairs.load(self.checkpoint.path(PAIRS), self.vocabulary)

    @functools.cached_property
    def scrolls(self) -> Scrolls:
        """Return what chooses a 横批.

        Raises:
            OptionError: the model has none.
        """
        paths = self.checkpoint.path(SCROLLS), self.checkpoint.path(VECTORS)
        found = Scrolls.load(*paths, self.vocabulary)
        if not found.scrolls:
            raise OptionError(
                f"{self.checkpoint.folder} has no 横批: too few of its couplets held "
                "one of the dictionary's words of four characters; leave --scroll out"
            )
        return found

    def reply(
        self, line: str, options: ReplyOptions = DEFAULTS, **changes: Any
    ) -> list[Reply]:
        """Return the best answers to `line`, best first.

        Args:
            line: 上联, or 下联 with `reverse`.
            options: how to answer.
            **changes: fields of `options` to change, such as count=3.

        Raises:
            OptionError: nothing to answer in it, more than can be, or no answer keeps
                what `options` ask.
        """
        options = apply_values(options, changes, "reply()")
        found = next(self._replies([read_line(line, options.keep)], options))
        if isinstance(found, NlgError):
            raise found
        return found

    def reply_all(
        self, lines: Iterable[str], options: ReplyOptions = DEFAULTS
    ) -> Iterator[list[Reply] | NlgError]:
        """Yield the answers to each line in order; for a bad line, what is wrong."""
        for part in batched(lines, AHEAD):
            read = [_read_or_error(line, options.keep) for line in part]
            good = [line for line in read if isinstance(line, GivenLine)]
            replies = self._replies(good, options)
            for line in read:
                yield next(replies) if isinstance(line, GivenLine) else line

    def unknown(self, line: str) -> str:
        """Return the characters of `line` that the model has never seen, each once."""
        source = read_line(line).source
        return "".join(dict.fromkeys(c for c in source if c not in self.vocabulary))

    def judge(self, pairs: Sequence[tuple[str, str]], reverse: bool = False) -> Judged:
        """Return what the model alone, without rules, thinks of answers.

        Args:
            pairs: given lines and their answers, all of one length.
            reverse: the given lines are second lines.
        """
        mode = REVERSE if reverse else FORWARD
        sources, targets = (
            [as_known(text) for text in texts] for texts in zip(*pairs, strict=True)
        )
        out = self.checkpoint.graph("judge")(
            **self._inputs(sources, [mode] * len(pairs)),
            targets=np.array([self._encode(target) for target in targets], "int32"),
        )
        return Judged(**out)

    def _replies(
        self, lines: Sequence[GivenLine], options: ReplyOptions
    ) -> Iterator[list[Reply] | NlgError]:
        """Yield the answers to each of `lines` in order, or that there is none."""
        mode = REVERSE if options.reverse else FORWARD
        ends = OBLIQUE if options.reverse else LEVEL
        seed = options.seed if options.temperature else None
        rows = [
            LineRequest(
                line,
                Task(line.source, line.fixed, ends, options.banned),
                mode,
                (seed or 0,),
            )
            for line in lines
        ]
        for line, answers in zip(lines, self._differing(rows, options), strict=True):
            given = f"{line.before}{line.typed}{line.after}"
            found = [_reply(given, answer, options.reverse, seed) for answer in answers]
            described = [self.describe(reply, options) for reply in found]
            yield described or OptionError(f"{given}: {NO_ANSWER}")

    def _differing(
        self, rows: Sequence[LineRequest], options: ReplyOptions
    ) -> Iterable[list[WrittenLine]]:
        """Return the answers to each row, best first; several of them differ."""
        if options.count == 1:
            return self.write(rows, options)
        beams = BEAMS if options.count <= BEAMS else MANY_BEAMS

        def write(asked: Sequence[LineRequest], temperature: float):
            every = dataclasses.replace(options, count=beams, temperature=temperature)
            return self.write(asked, every)

        return differing(write, rows, options.count, options.temperature)

    def describe(self, reply: Reply, options: ReplyOptions) -> Reply:
        """Return `reply` with all that `options` ask to say of it."""
        if options.scroll:
            best = self.scrolls.choose(reply.first_line, reply.second_line, 1)
            reply = reply._replace(scroll=best[0].text if best else "")
        if options.explain:
            reply = reply._replace(places=self.explain(reply, options.reverse))
        return reply

    def explain(
        self, reply: Reply, reverse: bool = False
    ) -> tuple[AnswerCharacter, ...]:
        """Return what there is to say of each character of the answer in `reply`."""
        given, answer = (as_known(line, marks=False) for line in reply[:2])
        if reverse:
            given, answer = answer, given
        judged = self.judge([(given, answer)], reverse)
        return explain(given, answer, judged, self.vocabulary.tokens, reverse)

    def write(
        self, rows: Sequence[LineRequest], options: ReplyOptions
    ) -> Iterator[list[WrittenLine]]:
        """Yield what is written for each row, best first; nothing if nothing may be.

        Rows of one length share runs of the graph.
        """
        found: dict[int, list[WrittenLine]] = {}
        by_length: dict[int, list[int]] = {}
        for number, row in enumerate(rows):
            by_length.setdefault(len(row.task.source), []).append(number)
        blocks = [
            numbers[start : start + BLOCK]
            for numbers in by_length.values()
            for start in range(0, len(numbers), BLOCK)
        ]
        graph = self.checkpoint.graph("model" if options.count <= BEAMS else "many")
        run = functools.partial(self._run, options=options, graph=graph)
        # A run a core is faster than all cores in each of a graph's many small nodes.
        with concurrent.futures.ThreadPoolExecutor(available_cores()) as pool:
            texts = pool.map(run, ([rows[n] for n in block] for block in blocks))
            for block, lines in zip(blocks, texts, strict=True):
                found.update(zip(block, lines, strict=True))
        return (found[number] for number in range(len(rows)))

    def _run(
        self, rows: Sequence[LineRequest], options: ReplyOptions, graph: Graph
    ) -> list[list[WrittenLine]]:
        """Run `graph` once, for rows of one length."""
        padded = filled(rows, TILE)
        rules = self.rulebook.arrays([row.task for row in padded], options.rules)
        out = graph(
            **self._inputs(
                [row.task.source for row in padded], [row.mode for row in padded]
            ),
            **rules,
            noise=self._noise(padded, options.temperature),
            temperature=np.array(STEEPNESS * options.temperature, "float32"),
        )
        log_probs = np.where(within(rules, out["answers"]), out["log_probs"], NEG_INF)
        ids, scores = out["answers"].tolist(), log_probs.tolist()
        return [
            [
                self._written(row.line, line, score, "marks" in options.rules)
                for line, score in zip(lines[: options.count], worth, strict=False)
                if score > IMPOSSIBLE
            ]
            for row, lines, worth in zip(rows, ids, scores, strict=False)
        ]

    def _inputs(
        self, sources: Sequence[str], modes: Sequence[int]
    ) -> dict[str, np.ndarray]:
        """Return the network's inputs."""
        token_ids = np.array([self._encode(source) for source in sources], "int32")
        return {
            "token_ids": token_ids,
            "pair_ids": self.pairs.encode(token_ids),
            "mode": np.array(modes, "int32"),
        }

    def _encode(self, source: str) -> list[int]:
        ids = self.vocabulary.encode(source)
        return [PAD_ID if c == FREE else n for c, n in zip(source, ids, strict=True)]

    def _noise(self, rows: Sequence[LineRequest], temperature: float) -> np.ndarray:
        """Return Gumbel noise (B, T, N), a row's its own; zeros without temperature."""
        length = len(rows[0].task.source)
        shape = (length, SLOTS if length < SLOTS else LONGEST + 1)
        if not temperature:
            return np.zeros((len(rows), *shape), "float32")
        draws = []
        for row in rows:
            own = zlib.crc32(row.task.source.encode("utf-8", "surrogatepass"))
            rng = np.random.default_rng([*row.seed, own])
            draws.append(rng.random(shape, "float32"))
        return -np.log(-np.log(np.clip(np.stack(draws), 1e-7, 1 - 1e-7)))

    def _written(
        self, line: GivenLine, token_ids: list[int], log_prob: float, marks: bool
    ) -> WrittenLine:
        """Return an answer, with the `marks` of its line as typed, and its score."""
        given = [
            typed if wish == FREE and marks and is_mark(typed) else wish
            for wish, typed in zip(line.fixed, line.typed, strict=True)
        ]
        tokens = self.vocabulary.tokens
        text = "".join(
            tokens[token] if character == FREE else character
            for character, token in zip(given, token_ids, strict=True)
        )
        score = round(log_prob / max(1, given.count(FREE)), 4)
        return WrittenLine(f"{line.before}{text}{line.after}", score)


def _read_or_error(text: str, keep: str) -> GivenLine | NlgError:
    try:
        return read_line(text, keep)
    except NlgError as error:
        return error


def _reply(given: str, answer: WrittenLine, reverse: bool, seed: int | None) -> Reply:
    """Return the couplet of a given line and its answer."""
    first, second = (answer.text, given) if reverse else (given, answer.text)
    return Reply(first, second, answer.score, seed)
