"""In which encoding a file seems to be."""

import pytest

from toolsync.reading.command_file import CommandFile
from toolsync.reading.encodings import Evidence, utf16
from toolsync.reading.misread import Misread
from toolsync.reading.problems import FileRejected
from toolsync.reading.suite import load_suite

NAMES = ["Zoé Müller", "D’Arcy", "Besançon", "François", "Núñez", "ÉCOLE", "Škoda", "Mª José", "Groß", "Rhône–Alpes"]


@pytest.mark.parametrize(
    ("codec", "name"),
    [("utf-8", "utf-8"), ("cp1252", "windows-1252"), ("mac_roman", "Mac Roman"), ("cp850", "DOS (code page 850)")],
)
def test_what_a_file_looks_like(codec, name):
    lines = [f"{each}\n".encode(codec, "ignore") for each in NAMES]
    assert Evidence.of(lines).likely == name
    assert Evidence.of(["Zoé Müller".encode(codec)]).likely == name


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Łódź", "cp1250"),
        ("Иван Петров", "cp1251"),
        ("Ελένη", "cp1253"),
        ("東京", "shift_jis"),
        ("François", "mac_roman"),
    ],
)
def test_what_nobody_can_tell_is_not_guessed(text, codec):
    assert Evidence.of([text.encode(codec)]).likely is None


@pytest.mark.parametrize(
    "text", ["Pizza à la carte", "5½ kg", "£5", "Zoë, 2½", "O´Brien", "col·lecció", "È vero", "Rhône–Alpes", "• 1"]
)
def test_signs_and_single_letters_may_be_windows(text):
    assert Evidence.of([text.encode("cp1252")]).may_be_windows


def test_what_is_utf8_or_looks_like_another_encoding_is_not_windows():
    for raw in ["Zoé".encode(), "Müller, Núñez".encode("mac_roman"), "Müller, Núñez".encode("cp850"), b"a"]:
        assert not Evidence.of([raw]).may_be_windows
    for text, codec in [("Łódź", "cp1250"), ("Иван Петров", "cp1251"), ("東京", "shift_jis")]:
        assert not Evidence.of([text.encode(codec)]).may_be_windows


@pytest.mark.parametrize("text", ["Zoé", "à", "5½"])
def test_one_damaged_line_does_not_spoil_the_others(text):
    evidence = Evidence.of([*[text.encode("cp1252")] * 50, b"a\x81b"])
    assert (evidence.may_be_windows, evidence.likely) == (True, None if text == "5½" else "windows-1252")


def test_utf8_with_a_damaged_line_is_no_other_encoding():
    evidence = Evidence.of([b"a\n", "Besançon\n".encode(), b"Zo\xe9\n"])
    assert (evidence.likely, evidence.utf8, evidence.other, evidence.is_mixed) == (None, 2, 3, True)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16(codec, tmp_path):
    path = tmp_path / "users.csv"
    path.write_bytes("username,city\na,Évry\n".encode(codec))
    assert utf16(path.read_bytes())
    with pytest.raises(FileRejected, match="the file is UTF-16: save it as UTF-8"):
        CommandFile.open(path, suite=load_suite("users"))


@pytest.fixture
def misread(tmp_path):
    """What is said of a file in one encoding that is read in another."""

    def said(text, codec, encoding="utf-8"):
        path = tmp_path / "users.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode(codec))
        file = CommandFile.open(path, suite=load_suite("users"), encoding=encoding)
        misread = Misread(file)
        for records in file.records():
            misread.look(records)
        misread.check()
        return misread.note

    return said


USERS = "username,lastname,password\na,Doe,x\nb,Müller,y\nc,D’Arcy,z\nd,Doe,é\n"


def test_one_sentence_says_what_a_file_is(misread):
    assert misread(USERS, "cp1252") == (
        "3 lines are not valid utf-8: the file looks like windows-1252, in which line 3, column lastname says 'Müller'; "
        "set Param encoding to windows-1252, or save the file as UTF-8"
    )
    assert misread(USERS, "mac_roman") == (
        "3 lines are not valid utf-8: the file looks like Mac Roman, in which line 3, column lastname says 'Müller'; save it as UTF-8"
    )
    assert misread(USERS, "cp1252", "iso-8859-1") == (
        "1 line is not valid iso-8859-1: the file looks like windows-1252, in which line 4, column lastname says 'D’Arcy'; "
        "set Param encoding to windows-1252, or save the file as UTF-8"
    )
    assert misread("username,city\na,Łódź\nb,Łódź\n", "cp1250") == (
        "2 lines are not valid utf-8, line 2, column city is the first: save the file as UTF-8, or set Param encoding to what it is in"
    )
    both = "username,city\na,Évry\n".encode() + b"b,\xc9vry\n"
    assert misread(both, None) == (
        "1 line is not valid utf-8: the file is in several encodings, or damaged (line 2 is UTF-8, line 3 is not); save it as UTF-8 as a whole"
    )


def test_a_secret_value_is_not_told(misread):
    assert misread("username,password\na,Zoé\n", "cp1252") == (
        "1 line is not valid utf-8: the file looks like windows-1252 (line 2, column password); "
        "set Param encoding to windows-1252, or save the file as UTF-8"
    )


@pytest.mark.parametrize("header", ["username,lastname,password,city", "username,lastname,password,city,"])
def test_a_password_in_the_wrong_column_is_not_told(misread, header):
    """A comma without quotes moves it there. The second header has a column without a name."""
    for name in ["Countess,Pässw0rd!", "Cöuntess,Passw0rd!"]:
        note = misread(f"{header}\na,Lovelace, {name},London\n", "cp1252")
        assert "the file looks like windows-1252 (line 2); set" in note


def test_a_file_that_is_as_it_is_read_is_not_talked_about(misread):
    for codec, encoding in [
        ("utf-8", "utf-8"),
        ("cp1252", "windows-1252"),
        ("latin-1", "iso-8859-1"),
        ("ascii", "utf-8"),
    ]:
        text = "username,city\na,Paris\n" if codec == "ascii" else "username,city\na,Évry\n"
        assert misread(text, codec, encoding) is None


@pytest.mark.parametrize("encoding", ["windows-1252", "iso-8859-1"])
def test_utf8_is_read_as_nothing_else(misread, encoding):
    """No byte of it would fail in another encoding, and the site would get BesanÃ§on."""
    with pytest.raises(
        FileRejected, match="the file is UTF-8 .line 3 is the first.*Param encoding says .*: set it to utf-8"
    ):
        misread("username,city\na,b\nc,Besançon\n", "utf-8", encoding)


@pytest.mark.parametrize(
    "names",
    [
        ["O’Brien"],
        ["Smith – Jones"],
        ["A–B"],
        ["O’Brien"] * 30 + ["Besançon"] * 2,
        ["5 °C"],
        ["CITTÀ"],
        ["ALEŠ"],
        ["ONUTĖ"],
        ["ALİ"],
        ["BLŔ"] * 3,
    ],
)
def test_utf8_whose_bytes_stand_as_in_words_is_read_as_nothing_else(misread, names):
    with pytest.raises(FileRejected):
        misread("username,city\n" + "".join(f"a,{name}\n" for name in names), "utf-8", "windows-1252")


@pytest.mark.parametrize("raw", [b"BL\xc5\x94", b"SANT\xc9\x85", b"Zo\xe9 Besan\xc3\xa7on", b"\xc3\xa7\na,\xe9"])
def test_what_may_be_as_it_is_read_is_not_rejected(misread, raw):
    """One or two capitals with a quote after them are UTF-8 by chance; where anything is not UTF-8, the file is not."""
    assert misread(b"username,city\na,%s\n" % raw, None, "windows-1252") is None
