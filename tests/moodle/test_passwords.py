"""Password hashes, checked against hashes made by PHP, and round trips."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from toolsync.moodle.passwords import NOT_CACHED, hash_given

PEPPER = "#GV]NLie|x$H9[$rW%94bXZvJHa%z"

# A password, and its hash by PHP's crypt() or by password_hash() with PASSWORD_BCRYPT at cost 4 and 10.
PHP_MADE = [
    (
        "Passw0rd!",
        "$6$rounds=10000$uRrwdhzedlbyeeYr$"
        "l434DX.kct8AsmyRbbMeng5nnt8ZFHMfSID1xudNJau8ozbBmPBRbWl0NG6FT6QKR6DqUBqTIqOLv0ldWXVZg0",
    ),
    ("Passw0rd!", "$2y$04$MQ.27n7Dk6kq5spAaPxkVeFgsl5qSiRPXyJVX87SBv9dv2/5N3CnC"),
    ("Passw0rd!", "$2y$10$xXaDzLC1S2V3lcxNg7irYexPkydq.NNKIQb7WEeEkC0Il4FqT3tJK"),
    (
        "Pä ssßwörd €uro 漢字 😀",
        "$6$rounds=5000$PTu.rKgINc4UGz/E$"
        "eF4Hcl3F2rzkoLFM7SIgOivSQRTKXGJEF3NElWyr4cQgYy9/6inEUOvFInKyiPTEHvktDg7VpXf1G739/X7qo/",
    ),
    ("Pä ssßwörd €uro 漢字 😀", "$2y$04$OMAppq5.uyVjsTok5Mmr0.nsl5gys05HsHmPiaij4SV0M3eTgLOcC"),
    (
        "q'uo\"te\\back$slash",
        "$6$rounds=10000$cp3EiuUka1RuqNYg$"
        "eJueo9vU9QJjMYKLg5X2kMvrl/.mWmADe9ZXoGrGexBCoqDJ1DutVx24n24JMJEe4tb0rzeDYGRIt4fAW7vgC0",
    ),
    (
        "0",
        "$6$rounds=5000$uropCY68DvbNZ9jE$"
        "SLC7Iu9yrdEiMcM1dqCUJfoO9syFJvUopyjqh4vv03hXF.pVDpXtyIlOEgfBdCnvCMSVT3G4YV5Q2yNa/60lC0",
    ),
    (
        "x" * 128,
        "$6$rounds=10000$bCbZMvuMHbGRKp2v$"
        "Mybks/SkPjXyfJZmMr/wwi2RuCSqqDIyQZUm2Ic6b3n2IKrt3J6AyexqnXCVK44swkF3SgjeT29c8gDOXoCsJ/",
    ),
    ("x" * 128, "$2y$04$l7q7UOZCJOeg5eCgUTaAUeHYSbj4F/pLVSNmajn38vahnF7wHhEHe"),
]


def site(version: float = 2025100606.0, **extra: str) -> SimpleNamespace:
    return SimpleNamespace(version=version, extra=extra)


def hashed(password: str, moodle: SimpleNamespace) -> str:
    [(_, made)] = hash_given([(1, password, None)], moodle)
    assert made
    return made


NEW, OLD = site(), site(2022112800.0)


@pytest.mark.parametrize("moodle", [NEW, OLD, site(password_pepper=PEPPER)], ids=["5.1", "4.1", "peppered"])
@pytest.mark.parametrize(("password", "stored"), PHP_MADE)
def test_hashes_made_by_php_verify(moodle: SimpleNamespace, password: str, stored: str | None) -> None:
    too_long = "password_pepper" in moodle.extra and len(password) == 128
    assert hash_given([(1, password, stored)], moodle) == ([(1, None)] if too_long else [])


@pytest.mark.parametrize(("password", "stored"), PHP_MADE[:3])
def test_another_password_is_hashed(password: str, stored: str | None) -> None:
    [(line, made)] = hash_given([(7, password.lower(), stored)], NEW)
    assert line == 7
    assert made != stored


@pytest.mark.parametrize(
    ("moodle", "beginning", "length"), [(NEW, "$6$rounds=10000$", 119), (OLD, "$2y$04$", 60)], ids=["5.1", "4.1"]
)
def test_the_algorithm_is_that_of_the_version(moodle: SimpleNamespace, beginning: str, length: int) -> None:
    made = hashed("Grüße", moodle)
    assert made.startswith(beginning)
    assert len(made) == length
    assert hash_given([(1, "Grüße", made)], moodle) == []
    assert hash_given([(1, "grüße", made)], moodle) != []


def test_4_3_is_where_the_algorithm_changes() -> None:
    assert hashed("x", site(2023042400.0)).startswith("$2y$")
    assert hashed("x", site(2023100900.0)).startswith("$6$")


def test_equal_passwords_get_their_own_salt_and_lines_keep_their_order() -> None:
    answers = hash_given(((line, "same", None) for line in range(100)), OLD)
    assert [line for line, _ in answers] == list(range(100))
    assert len({made for _, made in answers}) == 100


@pytest.mark.parametrize(
    "stored",
    [None, "", NOT_CACHED, "5f4dcc3b5aa765d61d8327deb882cf99", "$6$", "$2y$10$short", "$2y$10$é", "$argon2id$v=19$x"],
)
def test_what_does_not_verify_is_hashed_again(stored: str | None) -> None:
    assert len(hash_given([(1, "password", stored)], NEW)) == 1


def test_no_password() -> None:
    rows = [(1, "*NOPASS*", None), (2, "*NOPASS*", NOT_CACHED), (3, "*NOPASS*", PHP_MADE[0][1]), (4, "", None)]
    assert hash_given(rows, NEW) == [(1, NOT_CACHED), (3, NOT_CACHED)]


@pytest.mark.parametrize("password", ["x" * 129, "é" * 65, "a\0b"])
def test_what_moodle_refuses_has_no_hash(password: str) -> None:
    assert hash_given([(1, password, None)], NEW) == [(1, None)]


def test_pepper() -> None:
    peppered = site(password_pepper=PEPPER)
    made = hashed("secret", peppered)
    assert hash_given([(1, "secret", made)], peppered) == []
    assert hash_given([(1, "secret" + PEPPER, made)], NEW) == []
    assert len(hash_given([(1, "secret", made)], NEW)) == 1
    assert hash_given([(1, "x" * (129 - len(PEPPER)), None)], peppered) == [(1, None)]
    assert hash_given([(1, "x" * (129 - len(PEPPER)), None)], NEW) != [(1, None)]


def test_a_site_older_than_peppers_has_none() -> None:
    old = site(2022112800.0, password_pepper=PEPPER)
    made = hashed("secret", old)
    assert hash_given([(1, "secret", made)], OLD) == []
