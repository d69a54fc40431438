"""Files in, files out: a task's requests by the million, on one machine or on Ray."""
