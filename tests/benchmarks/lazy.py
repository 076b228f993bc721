"""How much memory a long lazy query takes: texts from one Parquet file, with vectors into another.

BENCH_LENGTH=256 python tests/benchmarks/lazy.py [--rows 1000000] [--cache]

The server is the mock of `batch.py`, without latency; 30 % of the texts are duplicates. The peak of
memory is that of the whole process, measured after a smaller query of the same kind and after the
large one: what grows with the rows would be seen.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def peak() -> float:
    """MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def query(client: object, folder: Path, rows: int, cache: bool) -> None:
    """Embed so many rows from file to file, and say what it took."""
    import polars as pl

    import nexhina_nb as nx

    began = time.perf_counter()
    source = pl.scan_parquet(folder / "in.parquet").head(rows)
    kept = folder / f"{rows}.db" if cache else False
    made = nx.embed(source, "text", client=client, model="m", cache=kept, progress=False)
    made.sink_parquet(folder / "out.parquet")
    seconds = time.perf_counter() - began
    failed = pl.scan_parquet(folder / "out.parquet").select(pl.col("embedding").null_count())
    print(f"{rows:,} rows: {rows / seconds:,.0f} rows/s, peak {peak():,.0f} MB", end=", ")
    print(f"{failed.collect().item()} rows without a vector", flush=True)


def main() -> None:
    """Start the mock, measure, end it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--cache", action="store_true")
    options = parser.parse_args()
    import batch
    import polars as pl

    import nexhina_nb as nx

    mock = [sys.executable, str(Path(batch.__file__)), "--serve", "--latency", "0"]
    with tempfile.TemporaryDirectory() as name, subprocess.Popen(mock) as process:
        folder, few = Path(name), options.rows // 10
        write = (
            "import batch, polars as pl, sys;"
            "pl.DataFrame({'text': [text[:40] for text in batch.texts(int(sys.argv[2]))]})"
            ".write_parquet(sys.argv[1])"
        )
        command = [sys.executable, "-c", write, str(folder / "in.parquet"), str(options.rows)]
        subprocess.run(command, check=True, cwd=Path(batch.__file__).parent)
        assert pl.scan_parquet(folder / "in.parquet").select(pl.len()).collect().item()
        try:
            print(f"before: {peak():,.0f} MB")
            with nx.Client(batch.BASE_URL, "sk-mock") as client:
                for rows in (few, options.rows):
                    query(client, folder, rows, options.cache)
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
