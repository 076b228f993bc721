"""How fast a batch may send: pure policy, without a clock; the time (seconds) is passed in.

Two things are learnt from the answers. `Growth` finds how many calls at once the other side makes
use of. `Throttle` finds how many calls a second it takes: the share that was refused in windows of
half a second sets the rate of sending. Only a refused call waits its ``Retry-After``, the others go
on: a batch that stopped as a whole at each refusal would spend most of a bad day waiting.
"""

from __future__ import annotations

from typing import Literal

from nexhina_nb.batch.quotas import Quota

# How a call ended, as far as it says something about pace. "failed" says nothing.
Ending = Literal["answered", "refused", "failed"]

START = 8  # calls at once before anything is known
WINDOW = 0.5  # seconds over which refusals are counted
ENOUGH, FEW = 8, 3  # calls that a window, or one of two seconds, needs to mean something
SEVERAL, MANY = 3, 16  # refusals: fewer may be chance; so many end a window early
CALM = 0.02  # share of refusals below which the rate may grow fast
TOLERATED, MOST_TOLERATED = 0.10, 0.60
LEAST_RATE = 1.0  # calls a second: slower than that nothing would be learnt any more
GROPING = 2.0  # times the rate, from window to window, while nobody knows the right one
GAIN = 1.1  # more calls at once are worth it if they bring that much more
REST = 4  # generations to wait after growing was of no use


class Pace:
    """When the next call may go. ``most`` is the largest number of calls at once."""

    def __init__(self, most: int, start: int = START) -> None:
        self.under_way = 0
        self._growth = Growth(most, min(start, most))
        self._throttle = Throttle()
        self._allowance = Allowance()

    @property
    def limit(self) -> int:
        """How many calls may be under way at once now."""
        return self._growth.limit

    @property
    def rate(self) -> float | None:
        """How many calls may begin in a second; None if nothing limits them."""
        return self._throttle.rate

    def delay(self, now: float) -> float | None:
        """Seconds until the next call may begin; None: not before one of those under way ends."""
        if self.under_way >= self.limit:
            return None
        return max(self._throttle.delay(now), self._allowance.delay(now))

    def begin(self, now: float) -> None:
        """A call is sent."""
        self.under_way += 1
        self._throttle.sent(now)
        self._allowance.sent()

    def ended(self, now: float, ending: Ending, quota: Quota | None = None) -> None:
        """A call was answered, or was refused because there are too many, or failed for a reason
        that says nothing about pace. ``quota`` is what the answer said of further ones.
        """
        if ending == "answered":
            self._growth.answered(now, full=self.under_way >= self.limit)
        self.under_way -= 1
        if ending != "failed":
            self._throttle.count(now, self.under_way, refused=ending == "refused")
        if quota is not None:
            self._allowance.told(now, quota)


class Allowance:
    """What the other side said of itself: so many calls until some moment."""

    def __init__(self) -> None:
        self._calls = 0
        self._until = float("-inf")

    def told(self, now: float, quota: Quota) -> None:
        """An answer told how many more; most of the calls under way are counted in it already."""
        self._calls, self._until = quota.calls, now + quota.seconds

    def sent(self) -> None:
        """A call begins."""
        self._calls -= 1

    def delay(self, now: float) -> float:
        """Seconds until the next call may begin."""
        return max(0.0, self._until - now) if self._calls <= 0 else 0.0


class Growth:
    """How many calls at once: more as long as more bring more answers a second.

    A generation is as many answers as there are calls at once. One that was faster than the best
    before it lets the number grow by half; one that was not takes the growth back and rests.
    """

    def __init__(self, most: int, start: int) -> None:
        self.limit = start
        self._most = most
        self._before = start
        self._best = 0.0
        self._rest = 0
        self._answers, self._was_full, self._since = 0, False, None

    _since: float | None

    def answered(self, now: float, *, full: bool) -> None:
        """One more answer; ``full``: no more calls could have been under way."""
        if self._since is None:
            self._since = now
            return
        self._answers += 1
        self._was_full = self._was_full or full
        if self._answers < self.limit or now <= self._since:
            return
        if self._was_full:
            self._judge(self._answers / (now - self._since))
        self._answers, self._was_full, self._since = 0, False, now

    def _judge(self, rate: float) -> None:
        if self._rest:
            self._rest -= 1
            self._best = rate if self._rest == 0 else self._best
        if self._rest:
            return
        if rate > self._best * GAIN or self.limit == self._before:
            self._best = max(rate, self._best)
            self._before = self.limit
            self.limit = min(self._most, self.limit + max(1, self.limit // 2))
        else:
            self.limit, self._rest = self._before, REST


class Throttle:
    """How many calls a second: what is taken, once more than a tenth of a window is refused."""

    def __init__(self) -> None:
        self.rate: float | None = None
        self._sent_at = float("-inf")
        self._since: float | None = None
        self._accepted = self._refused = 0
        self._under_way = 0  # when the window began
        self._peak = 0.0  # answers a second in the best window
        self._tolerated = TOLERATED
        self._share_cut = 0.0  # of refusals, when the rate was last cut; 0: it was not
        self._in_vain = 0
        self._is_blind = False  # all was refused from the start: nothing tells the right rate

    def delay(self, now: float) -> float:
        """Seconds until the next call may begin."""
        return 0.0 if self.rate is None else max(0.0, self._sent_at + 1 / self.rate - now)

    def sent(self, now: float) -> None:
        """A call begins."""
        self._sent_at = now
        self._since = now if self._since is None else self._since

    def count(self, now: float, under_way: int, *, refused: bool) -> None:
        """One call was answered or refused; so many others are under way."""
        self._refused += refused
        self._accepted += not refused
        seconds = now - (now if self._since is None else self._since)
        calls = self._accepted + self._refused
        is_blind = self._is_blind or not self._peak
        enough = 1 if is_blind else ENOUGH if seconds < 4 * WINDOW else FEW
        is_telling = calls >= enough or not self._refused
        if (seconds >= WINDOW and is_telling) or self._refused >= MANY:
            # Refusals come at once, answers later: what is under way was taken, so far.
            taken = max(0, self._accepted + under_way - self._under_way)
            self._judge(taken / max(seconds, WINDOW), self._refused / calls, calls)
            self._since, self._accepted, self._refused = now, 0, 0
            self._under_way = under_way

    def _judge(self, taken: float, share: float, calls: int) -> None:
        was_known = self._peak > 0
        if self._accepted:
            self._peak = max(self._peak, taken)
        tolerated = MOST_TOLERATED if self._is_blind else self._tolerated
        is_too_much = share > tolerated and self._refused >= SEVERAL
        if is_too_much:
            self._slow(taken, share)
        elif self.rate is not None and self._accepted:
            self._grow(self.rate, share, calls)
        is_blind = (self._is_blind or not (self._peak or taken)) and self.rate is not None
        self._is_blind = is_blind and not (is_too_much and was_known)

    def _grow(self, rate: float, share: float, calls: int) -> None:
        self._share_cut, self._in_vain = 0.0, 0
        by = 1.05 if share > CALM else 1.5 if calls >= ENOUGH else 1.2
        faster = rate * (GROPING if self._is_blind else by)
        # Far above all that was ever taken it limits nothing any more.
        self.rate = None if faster > 10 * max(self._peak, LEAST_RATE) else faster

    def _slow(self, taken: float, share: float) -> None:
        is_vain = self._peak > 0 and 0 < 0.75 * self._share_cut < share
        self._in_vain = self._in_vain + 1 if is_vain else 0
        slower = max(taken, (self.rate or taken) * 0.6, self._peak / 8, LEAST_RATE)
        if self._in_vain < 2:
            self.rate, self._share_cut = slower, share
            return
        # Sending less did not help twice: the refusals are not for the rate. Bear them.
        self._tolerated = min(MOST_TOLERATED, share + 0.15)
        self.rate = 1.5 * max(self.rate or 0.0, slower)
        self._share_cut, self._in_vain = 0.0, 0
