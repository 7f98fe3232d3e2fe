"""What the tests of the README take for a block, and for output that is as shown."""

import pytest

from tests.readme.blocks import Block, blocks
from tests.readme.test_readme import same

MARKDOWN = """\
# Title

```python
def test_story(mailworld):
    assert mailworld
```

```console no-run: needs root
$ mailharness up
```

~~~toml
[[domain]]
~~~
"""


def block(text: str, language: str = "python", info: str = "") -> Block:
    return Block(language, info, text, 1)


def test_blocks_are_found_with_their_lines() -> None:
    assert [(found.language, found.line, found.reason) for found in blocks(MARKDOWN)] == [
        ("python", 4, None),
        ("console", 9, "needs root"),
        ("toml", 13, None),
    ]


def test_a_fence_inside_a_longer_fence_is_text() -> None:
    (outer,) = blocks("````text\n```python\n1 / 0\n```\n````\n")
    assert outer.text == "```python\n1 / 0\n```\n"


@pytest.mark.parametrize(
    ("text", "is_test"),
    [
        ("def test_a(): ...", True),
        ("async def test_a(): ...", True),
        ("world = 1  # def test_", False),
        ("def attest_a(): ...", False),
    ],
)
def test_a_test_is_told_by_its_name(text: str, is_test: bool) -> None:
    assert block(text).is_test is is_test


def test_no_reason_is_not_a_reason() -> None:
    assert block("", info="no-run").reason == ""


def test_commands_carry_the_output_below_them() -> None:
    shown = "$ mailharness demo \\\n    --without tst\nno server\nfor tst\n$ dig\n"
    assert block(shown, "console").commands == (
        ("mailharness demo      --without tst", "no server\nfor tst\n"),
        ("dig", ""),
    )


@pytest.mark.parametrize(
    ("want", "got", "equal"),
    [
        ("sent in ... ms\n", "sent in 3.1 ms\n", True),
        ("a\n...\nz\n", "a\nb\nc\nz\n", True),
        ("delivered\n", "refused\n", False),
    ],
)
def test_output_may_leave_out_what_differs(want: str, got: str, equal: bool) -> None:
    assert same(want, got) is equal
