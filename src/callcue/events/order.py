"""Who has to wait for whom: a queue for each call, in which every event has drawn its ticket."""

from collections.abc import Iterable


class CallOrder:
    """Numbered things, each in the queues of some keys; a thing is first when it is so in all.

    Two that share a key are first one after the other, in the order in which they were added. Two
    that share none do not wait for each other.
    """

    def __init__(self) -> None:
        # Lists and tuples: most queues have one in them, and deques and sets take much memory.
        self._queues: dict[str, list[int]] = {}
        self._keys: dict[int, tuple[str, ...]] = {}
        self._behind: dict[int, int] = {}
        """In how many of its queues it is not the first."""

    def __len__(self) -> int:
        """How many there are."""
        return len(self._keys)

    def add(self, number: int, keys: Iterable[str]) -> None:
        """Behind all that are there."""
        self._keys[number] = tuple(set(keys))
        self._behind[number] = 0
        for key in self._keys[number]:
            queue = self._queues.setdefault(key, [])
            self._behind[number] += bool(queue)
            queue.append(number)

    def is_first(self, number: int) -> bool:
        """Whether nobody is before it."""
        return self._behind[number] == 0

    def remove(self, number: int) -> list[int]:
        """Take it out, wherever it stands; those that are first now and were not before."""
        first = []
        del self._behind[number]
        for key in self._keys.pop(number):
            queue = self._queues[key]
            if queue[0] != number:
                queue.remove(number)
                continue
            del queue[0]
            if not queue:
                del self._queues[key]
                continue
            self._behind[queue[0]] -= 1
            if self.is_first(queue[0]):
                first.append(queue[0])
        return first
