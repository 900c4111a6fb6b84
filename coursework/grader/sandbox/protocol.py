"""What a child says on its channel, taken down and checked: anybody may have written it."""

from dataclasses import dataclass, field

from coursework.grader.model import Call, Outcome
from coursework.grader.sandbox.guest.codec import MAX_LINE, decode, read_line
from coursework.grader.sandbox.policy.libraries import hide_paths

MAX_CHANNEL = 2 * MAX_LINE  # bytes of all answers to one question
_MESSAGE = 800  # characters of one message
_KINDS = ("returned", "raised", "unimplemented", "undefined", "refused")


class ProtocolError(Exception):
    """The child sent what no child of ours sends."""


@dataclass
class Transcript:
    """What the child has said so far."""

    calls: list[Call]
    max_problems: int
    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    ready: bool = False
    done: bool = False
    memory: str = ""
    received: int = 0
    rest: list[bytes] = field(default_factory=list)

    def take(self, data):
        """Take some bytes of the channel."""
        self.received += len(data)
        if self.received > MAX_CHANNEL:
            raise ProtocolError(f"it sent more than {MAX_CHANNEL >> 20} MB of results")
        *lines, rest = data.split(b"\n")
        for line in lines:
            try:
                self._take_message(read_line(b"".join([*self.rest, line])))
            except (TypeError, ValueError):  # also ValueProblem
                raise ProtocolError("it wrote to the channel of the grader") from None
            self.rest = []
        self.rest.append(rest)

    def _take_message(self, message):
        match message:
            case ["ready"]:
                self.ready = True
            case ["problem", text, memory] if len(self.problems) < self.max_problems:
                self.problems.append(read_text(text))
                if memory is True:
                    self.memory = self.problems[-1]
            case ["outcome", number, *parts] if number == len(self.outcomes) < len(self.calls):
                self._take_outcome(self.calls[number], *parts)
            case ["done"] if len(self.outcomes) == len(self.calls):
                self.done = True
            case _:
                raise ValueError("no message that is due")

    def _take_outcome(self, call, kind, value, message, changed, memory):
        if kind not in _KINDS:
            raise ValueError("no kind of outcome")
        if type(changed) is not list or not all(type(c) in (int, str) for c in changed):
            raise TypeError("changed is a list of arguments")
        known = {*range(len(call.args)), *call.kwargs}
        changed = tuple(c for c in dict.fromkeys(changed) if c in known)
        self.outcomes.append(Outcome(kind, decode(value), read_text(message), changed))
        if memory is True:
            self.memory = self.outcomes[-1].message


def read_text(value):
    """Return a text of the child's as one line that can be written to any file and terminal."""
    if type(value) is not str:
        raise TypeError("not a text")
    text = " ".join(hide_paths(value)[:_MESSAGE].split())
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
