"""What is kept of messages that were read: bounded, and gone with them."""

from mailharness.mailbox.columns import MAX_CHARACTERS, MAX_VALUES, Read


def test_a_value_is_kept_by_kind_and_message() -> None:
    fields = Read().fields
    assert fields.keep(b"subject", 7, ("one",)) == ("one",)
    assert (fields.get(b"subject", 7), fields.get(b"subject", 8), fields.get(b"from", 7)) == (("one",), None, None)


def test_a_long_value_is_handed_on_and_not_kept() -> None:
    fields, long = Read().fields, ("x" * MAX_CHARACTERS, "y")
    assert fields.keep(b"subject", 7, long) == long
    assert fields.get(b"subject", 7) is None


def test_a_full_one_takes_no_more_until_something_goes() -> None:
    read = Read()
    for uid in range(MAX_VALUES + 1):
        read.plain.keep(b"", uid, True)
    assert read.plain.get(b"", MAX_VALUES) is None
    read.forget([3, 4, MAX_VALUES + 9])
    for uid in (MAX_VALUES, MAX_VALUES + 1, MAX_VALUES + 2):
        read.plain.keep(b"", uid, True)
    assert [read.plain.get(b"", MAX_VALUES + n) for n in range(3)] == [True, True, None]
