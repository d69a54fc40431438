"""Serve the tasks over HTTP: an API and a page.

    bodies     what a client may send: the requests of the tasks, with limits
    schemas    what it gets, as OpenAPI tells it: the results of the tasks
    batching   a queue for each model; what arrives together is answered together
    models     the models, each opened once
    answering  what a thread of a queue does with bodies
    routes     paths, bodies and answers put together
    guard      what is done with every request: limits, tokens, headers, log, metrics
    server     uvicorn, with a limit on how long a client may take to ask

Nothing here knows how an answer is found; that is the tasks' own.
"""
