"""Jobs: the queue, the pipeline that works on it, and the doors to both."""
