import pytest

from triage.datasets.columns import training_labels
from triage.datasets.requirements import check_trainable
from triage.datasets.table import read_table
from triage.errors import DataError

ROWS = [(f"text {row}", "ab"[row % 2]) for row in range(12)]
GOOD = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)


def table(tmp_path, content, columns=()):
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = read_table(path, "text", training_labels(columns))
    check_trainable(found)
    return found


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace("\n", "\r\n"),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\n\n"),
        GOOD.replace("text,", '"text",', 1),
    ],
    ids=["plain", "semicolons", "tabs", "windows", "bom", "blank lines", "quotes"],
)
def test_files_as_programs_write_them_are_read(tmp_path, content):
    found = table(tmp_path, content)
    assert found.texts == [text for text, _ in ROWS]
    assert found.labels == {"label": [label for _, label in ROWS]}


def test_a_message_may_have_several_lines(tmp_path):
    assert table(tmp_path, GOOD + '"two\nlines, ""quoted""\u2028and more",a\n').texts[-1] == (
        'two\nlines, "quoted"\u2028and more'
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (GOOD.replace("text,label", "message,label"), "no column 'text'.*'message', 'label'"),
        (GOOD.replace("text,label", "text,topic"), "no column 'label'.*'text', 'topic'"),
        (GOOD.replace("text,label", "text,text"), "more than one column named 'text'"),
        (GOOD.replace(",b", ",a"), "the same label 'a'"),
        (GOOD + ",a\n  ,b\n", r"'text' is empty in 2 of 14 rows \(line 14, 15\)"),
        (GOOD + "something,\n", r"'label' is empty in 1 of 13 rows \(line 14\)"),
        (GOOD + "x" * 20_001 + ",a\n", "longer than 20,000 characters"),
        (GOOD + "odd,rare\n", r"single example \('rare'\)"),
        ("text,label\na,b\nc,d\n", "has 2 rows"),
        ("text,label\n", "no rows"),
        ("", "the file is empty"),
        (GOOD + "a,b,c\n", "line 14: 3 fields, but 2 columns"),
        (GOOD + '"open,a\n', "quotation mark"),
        (GOOD + "a\0,b\n", "NUL character on line 14"),
    ],
)
def test_bad_files_are_explained(tmp_path, content, says):
    with pytest.raises(DataError, match=says):
        table(tmp_path, content)


def test_another_encoding_is_explained(tmp_path):
    with pytest.raises(DataError, match=r"byte 0xE9 on line 14 .*iconv -f WINDOWS-1252"):
        table(tmp_path, GOOD.encode() + "café,a\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"UTF-16.*iconv"):
        table(tmp_path, GOOD.encode("utf-16"))


def test_an_absent_file_is_explained(tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        read_table(tmp_path / "absent.csv", "text", training_labels(()))


@pytest.mark.parametrize(
    ("header", "asked", "chosen"),
    [
        ("text,label,category", (), ["label"]),
        ("text,category,other", (), ["category"]),
        ("text,category,priority", (), ["category", "priority"]),
        ("text,category,priority", ("priority",), ["priority"]),
    ],
)
def test_the_label_columns_are_found(tmp_path, header, asked, chosen):
    assert (
        list(table(tmp_path, header + "\n" + "".join(f"t{i},{i % 2},{i % 2}\n" for i in range(12)), asked).labels)
        == chosen
    )
