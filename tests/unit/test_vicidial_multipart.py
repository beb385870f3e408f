"""Multipart forms as PHP reads them: compared with PHP itself when this was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcue.api.vicidial.multipart import Multipart, boundary_of, read_multipart


def form(*parts: str, end: str = "--X--\r\n") -> bytes:
    return ("".join(f"--X\r\n{part}\r\n" for part in parts) + end).encode()


def field(disposition: str, value: str = "v", header: str = "Content-Disposition") -> str:
    return f"{header}: {disposition}\r\n\r\n{value}"


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('multipart/form-data; boundary="a;b"; x=y', b"a;b"),
        ("multipart/form-data; BOUNDARY=abc", b"abc"),
        ("multipart/form-data, boundary=abc, x", b"abc"),
        ("multipart/form-data; xboundary=abc; boundary=d", b"abc"),
        ("multipart/form-data; boundary=a b", b"a b"),
        ('multipart/form-data; boundary="abc', None),
        ("multipart/form-data; boundary", None),
        ("multipart/form-data", None),
    ],
)
def test_given_a_type_then_the_boundary_is_phps(content_type: str, boundary: bytes | None) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('form-data; name="a"', "a"),
        ("form-data; name='a'", "a"),
        ("form-data; name=a", "a"),
        ("form-data; name=a b", "a"),
        ('form-data; NAME="a"', "a"),
        ('form-data; name="a"; name="b"', "b"),
        ('form-data; name=="a"', "a"),
        ('form-data; name= "a"', "a"),
        ('form-data;; name="a"', "a"),
        ('name="a"', "a"),
        ('anything; name="a"', "a"),
        ('form-data; name="a\\"b"', 'a"b'),
        ('form-data; name="a\\\\b"', "a\\b"),
        ('form-data; name="a\\b"', "a\\b"),
        ('form-data; x="; name=y; "; name="a"', "a"),
        ("form-data; name=\"a\"; filename*=utf-8''x", "a"),
        ('form-data; name="a\0b"', "a"),
        ('form-data; name="a', "a"),
    ],
)
def test_given_a_disposition_then_the_name_is_phps(disposition: str, name: str) -> None:
    assert read_multipart(form(field(disposition)), b"X") == Multipart(((name, "v"),))


@pytest.mark.parametrize(
    "disposition",
    [
        'form-data; name="a"; filename="x"',
        'form-data; name="a"; filename=',
        "x; FILENAME=y; name=a",
    ],
)
def test_given_a_file_then_it_is_no_field(disposition: str) -> None:
    parts = form(field(disposition), field('form-data; name="b"'))
    assert read_multipart(parts, b"X") == Multipart((("b", "v"),))


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        (form(field('x; name="a"', "1\r\n2")), (("a", "1\r\n2"),)),
        (form(field('x; name="a"', "")), (("a", ""),)),
        (form(field('x; name="a"', "1"), end="--X--"), (("a", "1"),)),
        (form(field('x; name="a"', "1"), end=""), (("a", "1\r\n"),)),
        (b"before\r\n" + form(field('x; name="a"')), (("a", "v"),)),
        (form(field('x; name="a"')).replace(b"\r\n", b"\n"), (("a", "v"),)),
        (form("X: y\r\n\r\nv", field('x; name="a"')), (("a", "v"),)),
        (form(field('x; name="a"', header="content-DISPOSITION")), (("a", "v"),)),
        (form("Content-Disposition: x;\r\n name=a\r\n\r\nv"), (("a", "v"),)),
        (b"", ()),
        (b"--X--\r\n", ()),
    ],
)
def test_given_a_form_then_the_fields_are_phps_and_clear(
    body: bytes, pairs: tuple[tuple[str, str], ...]
) -> None:
    assert read_multipart(body, b"X") == Multipart(pairs)


@pytest.mark.parametrize(
    "body",
    [
        form(field('x; name="a"', "b\r\n--Xy\r\nc")),
        form(field('x; name="a"; filename="f"', "b--X\r\nc")),
        form(field('x; name="a"'), end="--X--\r\n--X--\r\n"),
        form(field("form-data"), field('x; name="a"')),
        form("X: " + "y" * 4000 + "\r\n" + field('x; name="a"')),
        b"x" * 4001 + b"\r\n" + form(field('x; name="a"')),
        form(field('x; name="a"')) + b"x" * 4001,
        form(*[field('x; name="a"')] * 1001),
        b"--X\r\nContent-Disposition: x; name=a",
    ],
)
def test_given_what_can_be_read_in_two_ways_then_it_is_not_clear(body: bytes) -> None:
    assert not read_multipart(body, b"X").clear


def test_given_no_boundary_at_all_then_it_is_not_clear() -> None:
    assert not read_multipart(b"--\r\n\r\n", b"").clear


@given(
    st.lists(
        st.tuples(
            st.text(alphabet="abcXYZ_09", min_size=1, max_size=8),
            st.binary(max_size=60).filter(lambda data: b"--X" not in data),
        ),
        max_size=6,
    )
)
def test_given_what_any_client_sends_then_it_is_clear_and_whole(
    fields: list[tuple[str, bytes]],
) -> None:
    body = b"".join(
        b'--X\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value)
        for name, value in fields
    )
    wanted = tuple((name, value.decode("utf-8", "replace")) for name, value in fields)
    assert read_multipart(body + b"--X--\r\n", b"X") == Multipart(wanted)


@given(st.binary(max_size=300), st.binary(max_size=3))
def test_given_anything_then_it_is_read_without_a_fault(body: bytes, boundary: bytes) -> None:
    read_multipart(body, boundary)
    read_multipart(body.replace(b"\x00", b"\r\n--" + boundary + b"\r\n"), boundary)
