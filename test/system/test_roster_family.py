"""The family file: who of a person's family is told by mail."""

import pytest
from test_roster import DATAERR, contact, roster, user  # noqa: F401  (a fixture)

HEADER = ("更新区分,家族コード,ユーザID,氏名,カナ氏名,言語,地域,市区町村,番地・マンション名,"
          "メール1,メール2,メール3,電話")
NAMES = HEADER.split(",")[3:]


def family(code, id, user, **cells):
    values = {"氏名": "山田花子", "言語": "ja", **cells}
    assert not set(values) - set(NAMES)
    return ",".join([str(code), id, user] + [str(values.get(name, "")) for name in NAMES])


def write(roster, *rows, header=HEADER, **more):
    return roster.write("family", *rows, header=header, **more)


def take(roster, *rows, **more):
    return roster.take(family=write(roster, *rows, **more))


def refused(roster, *rows, **more):
    return roster.refused(family=write(roster, *rows, **more))


def stored(roster, columns="f.name"):
    rows = roster.tenko.sql(f"SELECT p.code, f.code, {columns} FROM family f JOIN person p ON p.id = f.person_id")
    return {row[:2]: row[2] if len(row) == 3 else row[2:] for row in rows}


FULL = dict(氏名="山﨑 花子", カナ氏名="ヤマザキ　ハナコ", 言語="en", 地域="350", 市区町村="千代田区", メール1="a@example.com",
            メール2="b@example.com", メール3="c@example.com", 電話="0312345678", **{"番地・マンション名": "１－２－３"})


@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
def test_there_and_back(roster, encoding):
    roster.start()
    done = take(roster, family(1, "F1", "U02", **FULL), family(1, "F1", "U01"), family(1, "f1", "U02"),
                encoding=encoding)
    assert done.stdout == "family: 3 registered, 0 updated, 0 deleted, 0 unchanged\n"
    text = roster.exported("family", "--utf8", encoding="utf-8")
    lines = [line for line in text.split("\r\n") if not line.startswith("#")]
    assert lines == [HEADER, family(0, "F1", "U01"), family(0, "F1", "U02", **FULL), family(0, "f1", "U02"), ""]
    before = roster.tenko.sql("SELECT * FROM family")
    counts = roster.counts(family=write(roster, *(line.replace("0,", "2,", 1) for line in lines[1:-1])))
    assert counts["family"] == {"registered": 0, "updated": 3, "deleted": 0, "unchanged": 0}
    assert roster.tenko.sql("SELECT * FROM family") == before
    [(detail,)] = roster.tenko.sql("SELECT detail FROM audit ORDER BY id DESC LIMIT 1")
    assert detail == "family updated=3"


def test_update_codes(roster):
    roster.start()
    take(roster, family(1, "F1", "U02", **FULL), family(1, "F2", "U02"))
    take(roster, "2,F1,U02,新しい,ja", header="更新区分,家族コード,ユーザID,氏名,言語")
    assert stored(roster, "f.name, f.mail3, f.city")[("U02", "F1")] == ("新しい", "c@example.com", "千代田区")
    take(roster, "3,F2,U02,,", header="更新区分,家族コード,ユーザID,氏名,言語")
    assert set(stored(roster)) == {("U02", "F1")}
    assert [e[1:] for e in refused(roster, family(1, "F1", "U02"), family(2, "F9", "U02"), family(3, "F1", "U01"),
                                   family(4, "F1", "U01"), family(3, "F7", ""))] == [
        (2, "更新区分", "既に登録されています (registered already; change it with 2)"),
        (3, "更新区分", "登録されていません (not registered; register it with 1)"),
        (4, "更新区分", "登録されていません (not registered; register it with 1)"),
        (5, "更新区分", "0:処理なし、1:登録、2:更新、3:削除 のどれかです: 「4」 (unknown update code)"),
        (6, "ユーザID", "ユーザ ID がありません (no user ID)")]


LONGEST = dict(氏名="山" * 32, カナ氏名="ヤ" * 32, 市区町村="区" * 40, メール1="a" * 64 + "@" + "b" * 60 + ".example",
               電話="1" * 15, **{"番地・マンション名": "番" * 80})


def test_the_longest_cells_are_good(roster):
    roster.start()
    take(roster, family(1, "Family01", "U01", **LONGEST))
    assert stored(roster, "f.name, f.kana, f.city, f.street")[("U01", "Family01")] == (
        "山" * 32, "ヤ" * 32, "区" * 40, "番" * 80)


@pytest.mark.parametrize("cells, column, why", [
    (dict(氏名=""), "氏名", "必須項目"), (dict(氏名="ﾔﾏﾀﾞ"), "氏名", "半角カナ"), (dict(氏名="山" * 33), "氏名", "32 文字"),
    (dict(カナ氏名="やまだ"), "カナ氏名", "全角カナ"), (dict(カナ氏名="ﾔﾏﾀﾞ"), "カナ氏名", "全角カナ"),
    (dict(カナ氏名="ヤ" * 33), "カナ氏名", "32 文字"), (dict(言語=""), "言語", "必須項目"), (dict(言語="fr"), "言語", "ja か en"),
    (dict(地域="999"), "地域", "地域コード"), (dict(市区町村="ﾁﾖﾀﾞｸ"), "市区町村", "半角カナ"),
    (dict(市区町村="区" * 41), "市区町村", "40 文字"), ({"番地・マンション名": "番" * 81}, "番地・マンション名", "80 文字"),
    ({"番地・マンション名": "ﾊｲﾂ"}, "番地・マンション名", "半角カナ"), (dict(メール1="a.example.com"), "メール1", "メールアドレス"),
    (dict(メール2="a@example.com"), "メール2", "前のメール"), (dict(電話="090-1111-1111"), "電話", "半角数字"),
    (dict(電話="1" * 16), "電話", "15 桁"),
])
def test_faults_of_cells_are_told_by_row(roster, cells, column, why):
    errors = refused(roster.start(), family(1, "F1", "U01"), family(1, "F2", "U01", **cells))
    assert [e[:3] for e in errors] == [("family", 3, column)]
    assert why in errors[0][3]
    if column in ("メール1", "市区町村", "電話"):
        assert list(cells.values())[0] not in errors[0][3]


@pytest.mark.parametrize("code, user, column, why", [
    ("F-1", "U01", "家族コード", "半角英数字"), ("Ｆ１", "U01", "家族コード", "半角英数字"), ("F12345678", "U01", "家族コード", "8 文字"),
    ("", "U01", "家族コード", "必須項目"), ("F1", "", "ユーザID", "必須項目"), ("F1", "U77", "ユーザID", "登録されていない"),
    ("F0", "U02", "家族コード", "2 行目"),
])
def test_faults_of_codes(roster, code, user, column, why):
    errors = refused(roster.start(), family(1, "F0", "U02"), family(1, code, user))
    assert [e[:3] for e in errors] == [("family", 3, column)] and why in errors[0][3]


def test_families_of_people_that_other_files_bring(roster):
    roster.start()
    roster.take(users=[user(1, "U05")], contacts=[contact(1, "U05", メール1="u05@example.com", 発信順メール=1)],
                family=write(roster, family(1, "F1", "U05")))
    assert set(stored(roster)) == {("U05", "F1")}
    errors = roster.refused(users=[user(6, "U05")], family=write(roster, family(2, "F1", "U05")))
    assert [e[:3] for e in errors] == [("family", 2, "ユーザID")] and "削除されたユーザ" in errors[0][3]


def test_they_go_with_their_person(roster):
    roster.start()
    take(roster, family(1, "F1", "U04"), family(1, "F1", "U03"))
    roster.take(users=[user(6, "U03"), user(7, "U04", "G02")])
    assert set(stored(roster)) == {("U03", "F1")}  # a deleted person is kept, and so is the family
    take(roster, "3,F1,U03,,", header="更新区分,家族コード,ユーザID,氏名,言語")
    assert stored(roster) == {}


def test_no_file_of_nothing(roster):
    roster.start().tenko.cli("export", "--dir", roster.root / "a")
    assert len(list((roster.root / "a").iterdir())) == 4
    take(roster, family(1, "F1", "U02"))
    roster.tenko.cli("export", "--dir", roster.root / "b")
    [path] = (roster.root / "b").glob("family_????????.csv")
    assert len(list((roster.root / "b").iterdir())) == 5
    roster.take("--check", family=path)
    roster.tenko.cli("export", "--templates", "--dir", roster.root / "c")
    [path] = (roster.root / "c").glob("family_????????.csv")
    assert path.read_bytes().decode("cp932").split("\r\n")[0] == HEADER
    roster.take(family=path)


def test_without_a_header_column_that_is_needed(roster):
    done = roster.start().take(family=write(roster, "1,F1,U01,山田", header="更新区分,家族コード,ユーザID,氏名"), code=DATAERR)
    assert "言語: 項目がありません" in done.stderr
