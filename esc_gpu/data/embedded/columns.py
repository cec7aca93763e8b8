"""Which column of a data set is what: its audio, labels, folds and sources, by their names and types."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from esc_gpu.core.esc50 import COLUMNS as ESC50_COLUMNS
from esc_gpu.errors import EscGpuError

# The first of these names that there is.
AUDIO = ("audio", "bytes", "sound", "wav")
LABEL = ("label", "labels", "category", "class", "genre")
SOURCE = ("source", "src_file", "fsID", "speaker_id")
NAME = ("filename", "file_name", "slice_file_name", "file", "path")
BETWEEN = "|"  # several labels of a recording


@dataclass(frozen=True)
class Columns:
    """The columns of a data set, by their names; None where there is none.

    Attributes:
        names: of the classes, where labels are numbers.
        is_several: whether each row has a list of labels.
        is_esc50: whether all columns of the table of ESC-50 are there.
    """

    audio: str
    label: str
    fold: str | None
    source: str | None
    name: str | None
    names: tuple[str, ...]
    is_several: bool
    is_esc50: bool

    @property
    def used(self) -> list[str]:
        """The columns to read, each once."""
        used = [self.audio, self.label, self.fold, self.source, self.name, *(ESC50_COLUMNS if self.is_esc50 else ())]
        return list(dict.fromkeys(name for name in used if name is not None))

    def label_of(self, where: str, row: dict[str, Any]) -> str:
        """The label of a row as text, or its labels with bars between them.

        Raises:
            EscGpuError: for a row without one, a number of no class, and one of several labels with a bar in it.
        """
        value = row[self.label]
        labels = [self._name(where, item) for item in (value if isinstance(value, list) else [value])]
        if not labels:
            raise EscGpuError(f"{where}: has no label; expected one or more; remove the row")
        if self.is_several and (barred := next((label for label in labels if BETWEEN in label), None)):
            raise EscGpuError(
                f"{where}: {self.label} has {barred!r}, and a bar stands between several labels; expected names "
                "without one; rename the class"
            )
        return BETWEEN.join(labels)

    def _name(self, where: str, value: object) -> str:
        if isinstance(value, int) and self.names:
            if not 0 <= value < len(self.names):
                raise EscGpuError(
                    f"{where}: {self.label} is {value}; expected 0 to {len(self.names) - 1}, for the classes have "
                    "these numbers; remove the row, whose label may be hidden"
                )
            return self.names[value]
        if value is None or not str(value).strip():
            raise EscGpuError(f"{where}: {self.label} is empty; expected the name of a class; remove the row")
        return str(value)

    def fold_of(self, where: str, row: dict[str, Any], split: str) -> str:
        """The fold of a row, or the split of its file.

        Raises:
            EscGpuError: for a row without one where others have one.
        """
        if self.fold is None:
            return split
        value = row[self.fold]
        if value is None or not str(value).strip():
            raise EscGpuError(
                f"{where}: {self.fold} is empty; expected a number or a split, because there is such a column; remove "
                "the row, or the column"
            )
        return str(int(value) if isinstance(value, float) and value.is_integer() else value)  # pandas has 1.0 for 1


def find_columns(where: str, schema: Any, card: str) -> Columns:
    """The columns of a schema of pyarrow.

    Args:
        where: the file, for errors.
        schema: of it, with the metadata of Hugging Face's `datasets` if it has some.
        card: README.md of the repository, or nothing.

    Raises:
        EscGpuError: for a data set without audio or labels.
    """
    import pyarrow

    types = {field.name: field.type for field in schema}

    def first(names: Sequence[str]) -> str | None:
        return next((name for name in names if name in types), None)

    has_bytes = [
        name
        for name, kind in types.items()
        if (pyarrow.types.is_struct(kind) and kind.get_field_index("bytes") >= 0)
        or (name in AUDIO and (pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind)))
    ]
    audio = next((name for name in AUDIO if name in has_bytes), has_bytes[0] if has_bytes else None)
    is_esc50 = {*ESC50_COLUMNS} <= types.keys()
    label = "category" if is_esc50 else first([name for name in LABEL if name != audio])
    if audio is None or label is None:
        expected = "audio, with the bytes of the files" if audio is None else " or ".join(LABEL)
        raise EscGpuError(
            f"{where}: has the columns {', '.join(types)}; expected one called {expected}; rename it, or save the "
            "audio as files and write a table for --data.table"
        )
    kind = types[label]
    is_several = any(test(kind) for test in (pyarrow.types.is_list, pyarrow.types.is_large_list))
    return Columns(
        audio=audio,
        label=label,
        fold=first(("fold",)),
        source=first(SOURCE),
        name=first([name for name in NAME if pyarrow.types.is_string(types.get(name, pyarrow.null()))]),
        names=_class_names(label, schema.metadata or {}, card),
        is_several=is_several,
        is_esc50=is_esc50,
    )


def _class_names(label: str, metadata: dict[bytes, bytes], card: str) -> tuple[str, ...]:
    """The names of a ClassLabel, from the file or else from the card; none where the labels are no such."""
    try:
        feature = json.loads(metadata[b"huggingface"])["info"]["features"][label]
    except (KeyError, ValueError, TypeError):
        return _names_of_card(label, card)
    feature = feature[0] if isinstance(feature, list) else feature.get("feature", feature)
    return tuple(map(str, feature.get("names") or ())) if isinstance(feature, dict) else ()


def _names_of_card(label: str, card: str) -> tuple[str, ...]:
    import yaml

    from esc_gpu.core.yaml_limits import check_yaml

    front = re.match(r"---\n(.*?)\n---", card, re.DOTALL)
    if front is None:
        return ()
    try:
        check_yaml(front[1])
        about = yaml.safe_load(front[1])["dataset_info"]
        about = about[0] if isinstance(about, list) else about
        kind = next(feature["dtype"] for feature in about["features"] if feature["name"] == label)
        names = kind["class_label"]["names"]
        return tuple(str(name) for _, name in sorted(names.items(), key=lambda item: int(item[0])))
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return ()  # it names no classes in the way of `datasets`
