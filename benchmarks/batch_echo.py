"""Work for benchmarks/batch.py that costs next to nothing, and a driver to be killed.

    python benchmarks/batch_echo.py INPUT OUTPUT WORKERS BLOCK SLOW [ADDRESS]

answers each row of INPUT with its text backwards, after SLOW seconds; on the cluster at
ADDRESS, if that is given.
"""

import pathlib
import sys
import time

from nlg.batch.ray_engine import Cluster
from nlg.batch.rows import find_inputs, read_rows
from nlg.batch.run import Batch, run, run_on_cluster
from nlg.batch.work import Work, answerer, fingerprint

CHUNK_BLOCKS = 4  # blocks of a part


def open_echo(slow=0.0):
    def answer(texts):
        time.sleep(slow * len(texts))
        return [{"text": text[::-1]} for text in texts]

    return answerer(lambda fields: fields["text"], answer)


def main(source, output, workers, block, slow, address=""):
    work = Work("batch_echo:open_echo", {"slow": float(slow)})
    batch = Batch(work, fingerprint(work), int(block), int(workers))
    files = find_inputs([source])
    if not address:
        return run(read_rows(files), batch, pathlib.Path(output))
    cluster = Cluster(address, (int(workers), int(workers)))
    return run_on_cluster(files, batch, output, cluster, CHUNK_BLOCKS * int(block))


if __name__ == "__main__":
    main(*sys.argv[1:])
