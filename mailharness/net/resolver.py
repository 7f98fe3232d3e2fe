"""The resolver at work: drives one look-up machine over real datagrams and connections, on the world's clock."""

import random
from collections.abc import Callable

from mailharness.clock import Clock, Token, Work
from mailharness.dns import Answer, Cache, Query, Question, Resolution, Response, parse_response
from mailharness.errors import RemoteProtocolError
from mailharness.faults import Verdict
from mailharness.mail import NO_COPY, Copy
from mailharness.net.questions import Questions
from mailharness.trace.events import Event, LookedUp

_RCODES = {1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


class HostResolver:
    """One recursive resolver with a cache of its own; implements ``agents.ports.Resolver``."""

    def __init__(
        self,
        host: str,
        address: str,
        roots: tuple[tuple[str, str], ...],
        questions: Questions,
        clock: Clock,
        work: Work,
        announce: Callable[[Event], Verdict],
        rng: random.Random,
    ) -> None:
        self.host = host
        self.address = address
        self.cache = Cache(clock)
        self._rng = rng
        self._roots = roots
        self._questions = questions
        self._clock = clock
        self._work = work
        self._announce = announce

    async def resolve(self, name: str, rrtype: str, of: Copy = NO_COPY, work: Token | None = None) -> Answer:
        """Look ``name`` up from the cache or by asking from the root down (RFC 1034 §5.3.3).

        ``work`` is the asker's: it rests, as this look-up's own does, while a silent name server leaves nothing to do but
        wait for the world's clock. Raises MisuseError for what is no name or type.
        """
        resolution = Resolution(name, rrtype, self.cache, self._roots, self._rng)
        step = resolution.next_query()
        if not isinstance(step, Answer):
            with self._work.take(f"look-up of {rrtype} {name} by {self.host}") as token:
                tokens = (token,) if work is None else (token, work)
                while not isinstance(step, Answer):
                    await self._take_step(resolution, step, of, tokens)
                    step = resolution.next_query()
        self._announce(
            LookedUp(
                host=self.host,
                of=of,
                name=name,
                rrtype=rrtype,
                rcode=step.rcode,
                answers=step.data,
                cached=step.cached,
                asked=tuple(f"{walked.server} ({walked.address}): {walked.outcome}" for walked in step.steps),
                problem=step.problem,
            )
        )
        return step

    def recall(self, name: str, rrtype: str) -> Answer | None:
        """What the cache alone can answer; None where a server would have to be asked."""
        step = Resolution(name, rrtype, self.cache, self._roots, self._rng).next_query()
        return step if isinstance(step, Answer) else None

    async def _take_step(self, resolution: Resolution, query: Query, of: Copy, tokens: tuple[Token, ...]) -> None:
        try:
            data = await self._questions.ask(self.address, query, of, self._clock, tokens)
            response = _parsed(data, query)
        except TimeoutError:
            resolution.on_timeout()
        except (OSError, EOFError, RemoteProtocolError) as error:
            resolution.on_failure(str(error) or type(error).__name__)
        else:
            if not resolution.on_response(response):
                resolution.on_failure("answered another question")


def _parsed(data: bytes, query: Query) -> Response:
    """The response; a bare header, which is all that some servers send who cannot read a question, tells its rcode."""
    if data[4:6] == b"\0\0":
        code = data[3] & 0xF
        return Response(Question(query.name, query.rrtype), _RCODES.get(code, f"RCODE{code}"))
    return parse_response(data)
