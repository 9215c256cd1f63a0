"""What the contact file says of telephones: numbers as they are dialled, voice IDs, PINs."""

import pytest
from test_roster import contact, roster  # noqa: F401  (a fixture)

HEADER = "更新区分,ユーザID,音声ID,音声PIN"


def voice(roster):
    return {code: (voice_id, bool(pin)) for code, voice_id, pin in roster.tenko.sql(
        "SELECT code, voice_id, voice_pin_hash FROM person WHERE voice_id IS NOT NULL")}


def numbers(roster, code):
    return [n for n, in roster.tenko.sql(
        "SELECT c.number FROM contact c JOIN person p ON p.id = c.person_id"
        " WHERE p.code = ? AND c.channel = 2 AND c.spare = 0 ORDER BY c.position", code)]


def take(roster, *rows):
    return roster.take(contacts=roster.write("contacts", *rows, header=HEADER))


def refused(roster, *rows):
    return roster.refused(contacts=roster.write("contacts", *rows, header=HEADER))


def test_numbers_are_kept_as_written_and_as_dialled(roster):
    roster.start().take(contacts=[contact(1, "U02", 電話1="09011111111", 電話2="01012025550123",
                                          電話3="0312345678", 予備電話="1", 発信順電話1=1)])
    assert numbers(roster, "U02") == ["+819011111111", "+12025550123", "+81312345678"]
    [row] = [r for r in roster.rows("contacts") if r["ユーザID"] == "U02"]
    assert [row[f"電話{n}"] for n in (1, 2, 3)] == ["09011111111", "01012025550123", "0312345678"]
    path = roster.write("contacts", "2,U02,0322222222", header="更新区分,ユーザID,電話3")
    roster.take(contacts=path)
    assert numbers(roster, "U02") == ["+819011111111", "+12025550123", "+81322222222"]


@pytest.mark.parametrize("number, why", [("9012345678", "先頭の 0"), ("119", "先頭の 0"),
                                         ("0901234567", "桁数"), ("010123", "国際電話番号")])
def test_numbers_that_cannot_be_dialled_are_told_by_row(roster, number, why):
    [(what, row, column, message)] = roster.start().refused(contacts=[
        contact(1, "U02", 電話1="0312345678"), contact(1, "U03", 電話2=number, メール1="a@example.com")])
    assert (what, row, column) == ("contacts", 3, "電話2") and why in message and number not in message


def test_numbers_of_another_country(roster):
    roster.tenko.configure(voice={"country": "1", "trunk": "", "abroad": "011"})
    roster.start().take(contacts=[contact(1, "U02", 電話1="2025550123", 電話2="011819011111111")])
    assert numbers(roster, "U02") == ["+12025550123", "+819011111111"]


def test_voice_ids_and_pins(roster):
    roster.start()
    take(roster, "1,U02,1002,12345678", "1,U03,1003,")
    assert voice(roster) == {"U02": ("1002", True), "U03": ("1003", False)}
    text = roster.exported("contacts", "--utf8", encoding="utf-8")
    assert "音声ID" in text and "音声PIN" not in text and "12345678" not in text
    [row] = [r for r in roster.rows("contacts") if r["ユーザID"] == "U02"]
    assert row["音声ID"] == "1002"
    take(roster, "2,U02,1002,", "2,U03,1003,4321")  # an empty PIN leaves the old one
    assert voice(roster) == {"U02": ("1002", True), "U03": ("1003", True)}
    take(roster, "2,U02,1003,", "2,U03,1002,")  # each the other's
    assert voice(roster) == {"U02": ("1003", True), "U03": ("1002", True)}
    roster.take(contacts=[contact(2, "U02", メール1="a@example.com")])  # without the columns
    assert voice(roster)["U02"] == ("1003", True)
    roster.take(contacts=[contact(3, "U02")])
    assert voice(roster) == {"U03": ("1002", True)}
    assert roster.tenko.sql("SELECT voice_pin_hash FROM person WHERE code = 'U02'") == [(None,)]


@pytest.mark.parametrize("rows, fault", [
    (["1,U02,1002,1234", "1,U03,1002,1234"], (3, "音声ID", "重複")),
    (["1,U02,1002,123"], (2, "音声PIN", "4～8 桁")),
    (["1,U02,1002,123456789"], (2, "音声PIN", "4～8 桁")),
    (["1,U02,12a,1234"], (2, "音声ID", "10 桁")),
    (["1,U02,12345678901,1234"], (2, "音声ID", "10 桁")),
])
def test_voice_ids_that_do_not_do(roster, rows, fault):
    [(_, row, column, message)] = refused(roster.start(), *rows)
    assert (row, column) == fault[:2] and fault[2] in message


def test_a_pin_needs_an_id_and_an_id_has_one_owner(roster):
    roster.start()
    assert "音声PINがあります" in refused(roster, "1,U02,,1234")[0][3]
    take(roster, "1,U02,1002,1234")
    [(_, row, column, message)] = refused(roster, "1,U03,1002,1234")
    assert (row, column) == (2, "音声ID") and "U02" in message
