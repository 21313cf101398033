"""The compiled executor: a plan becomes Python, which walks judged rows and emits the bytes of the answer."""
