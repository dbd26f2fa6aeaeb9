"""Jobs: the queue, the waterfall that works on its chunks, limits and money."""
