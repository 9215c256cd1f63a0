"""Roster files: tenko import and tenko export."""

import csv
import io
import json
import re
import signal
import stat
import subprocess
from pathlib import Path

import pytest
from harness import REPOSITORY, program, wait_for

SAMPLE = REPOSITORY / "test" / "data" / "roster"
FILES = {"groups": "group", "users": "user", "patterns": "work_pattern", "contacts": "contact"}

GROUPS = "更新区分,グループID,グループ名,承認者,上位承認者,上位グループID,削除フラグ"
USERS = ("更新区分,ユーザID,社員番号,ユーザ名,ふりがな,所属グループID,管理者権限,見える化ダッシュボード閲覧権限,"
         "働き方検索権限,メールアドレス,開始申請承認必須区分,終了申請承認必須区分,申請時業務登録必須区分,"
         "勤務終了時業務報告必須区分,休憩通知区分,勤務終了前通知区分,勤務終了予定時刻通知区分,"
         "勤務時間外バルーン通知区分,残業管理区分,勤務パターンID,削除区分")
PATTERNS = ("更新区分,勤務パターンID,勤務パターン名,休憩時間帯,業務時間（分）,午前業務時間（分）,自動終了時刻,削除フラグ")
CONTACTS = ("更新区分,ユーザID,言語,メール1,メール2,メール3,電話1,電話2,電話3,発信順メール,発信順電話1,発信順電話2,"
            "発信順電話3,勤務先地域,住所1地域,住所2地域,予備メール,予備電話")
HEADERS = {"groups": GROUPS, "users": USERS, "patterns": PATTERNS, "contacts": CONTACTS}

OK, USAGE, DATAERR, NOINPUT, OSFILE, CANTCREAT, IOERR, TEMPFAIL = 0, 64, 65, 66, 72, 73, 74, 75


def group(code, id, name=None, approvers="U01", upper="", parent="", flag=""):
    return f"{code},{id},{name or id},{approvers},{upper},{parent},{flag}"


def user(code, id, group="G01", name=None, mail=None, pattern="", number="01", kana="", flag=""):
    return (f"{code},{id},{number},{name or id},{kana},{group},0,0,0,{mail or id + '@example.com'},"
            f"0,0,0,0,1,1,1,1,1,{pattern},{flag}")


def pattern(code, id, name=None, breaks="12:00-13:00", work="420", morning="180", end="5:00", flag=""):
    return f"{code},{id},{name or id},{breaks},{work},{morning},{end},{flag}"


def contact(code, id, **cells):
    values = {"言語": "ja", **cells}
    names = CONTACTS.split(",")[2:]
    assert not set(values) - set(names)
    return ",".join([str(code), id] + [str(values.get(name, "")) for name in names])


class Roster:
    """A sandbox with files to import and export."""

    def __init__(self, tenko):
        self.tenko = tenko
        self.root = tenko.root

    def write(self, what, *rows, header=None, encoding="utf-8", end="\r\n"):
        path = self.root / f"{what}.csv"
        text = end.join([header or HEADERS[what], *rows]) + end
        path.write_bytes(text.encode(encoding))
        return path

    def files(self, **rows):
        """Writes files; the arguments that import them."""
        arguments = []
        for what, lines in rows.items():
            path = lines if isinstance(lines, Path) else self.write(what, *lines)
            arguments += [f"--{what}", path]
        return arguments

    def take(self, *more, code=OK, env=None, **rows):
        return self.tenko.cli("import", *self.files(**rows), *more, code=code, env=env)

    def refused(self, *more, **rows):
        """The errors as (file, row, column, message); nothing may have changed."""
        before = self.dump()
        done = self.take("--json", *more, code=DATAERR, **rows)
        assert self.dump() == before
        answer = json.loads(done.stdout)
        assert answer["count"] >= len(answer["errors"]) > 0
        return [(Path(e["file"]).stem, e["row"], e["column"], e["message"])
                for e in answer["errors"]]

    def counts(self, *more, **rows):
        return json.loads(self.take("--json", *more, **rows).stdout)

    def sample(self, *more, **given):
        paths = {w: SAMPLE / f"{s}_20261121.csv" for w, s in FILES.items()}
        return self.take(*more, **{**paths, **given})

    def start(self):
        """Three groups (G01 above G02, G03 alone and empty), four people, two patterns."""
        self.take(groups=[group(1, "G01"), group(1, "G02", parent="G01"), group(1, "G03")],
                  users=[user(1, "U01"), user(1, "U02"), user(1, "U03", "G02", pattern="P01"),
                         user(1, "U04", "G02")],
                  patterns=[pattern(1, "P01"), pattern(1, "P02")],
                  contacts=[contact(1, "U01", メール1="u01@example.com", 発信順メール=1)])
        return self

    def dump(self):
        tables = ("work_pattern", "department", "person", "contact", "meta", "audit")
        return {t: sorted(self.tenko.sql(f"SELECT * FROM {t}"), key=repr) for t in tables}

    def people(self, columns="state"):
        return dict((row[0], row[1] if len(row) == 2 else row[1:])
                    for row in self.tenko.sql(f"SELECT code, {columns} FROM person ORDER BY code"))

    def exported(self, what, *more, encoding="cp932"):
        done = self.tenko.run("tenko", "--config", self.tenko.conf, "export", f"--{what}", "-", *more,
                              input=b"")
        assert done.returncode == 0, done.stderr
        return done.stdout.decode(encoding)

    def rows(self, what):
        text = self.exported(what, "--utf8", encoding="utf-8")
        return list(csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#")))


@pytest.fixture
def roster(tenko):
    return Roster(tenko)


def plan_of(roster, code):
    """A packed plan (common/base/plan.h) as [(channel, dial order, position, addresses)]."""
    [(packed,)] = roster.tenko.sql("SELECT plan FROM person WHERE code = ?", code)
    steps = []
    while packed:
        steps.append((packed & 7, packed >> 3 & 7, packed >> 6 & 3, packed >> 8 & 3))
        packed >>= 10
    return steps


# the sample, there and back


def without_code_and_flag(data, what):
    """The lines with the update code and the delete flag (groups, users, patterns) cut off."""
    lines = []
    for line in data.decode("cp932").split("\r\n"):
        if re.match(r"\d,", line):
            line = line[2:]
            if what != "contacts":
                line = line.rpartition(",")[0]
        lines.append(line)
    return "\r\n".join(lines).encode("cp932")


def test_the_sample_is_taken(roster):
    done = roster.sample()
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "groups: 4 registered, 0 updated, 0 deleted, 0 reregistered, 0 removed, 0 unchanged",
        "users: 9 registered, 0 updated, 0 login stopped, 0 reregistered, 0 reissued, 0 deleted, "
        "0 removed, 0 unchanged",
        "patterns: 2 registered, 0 updated, 0 deleted, 0 reregistered, 0 unchanged",
        "contacts: 9 registered, 0 updated, 0 deleted, 0 unchanged"]
    assert roster.people("name, employee_number")["U08"] == ("髙橋 ①子", "0008")
    assert plan_of(roster, "U01") == [(2, 1, 1, 1), (1, 2, 1, 3), (2, 3, 2, 1), (2, 4, 3, 1)]
    assert plan_of(roster, "U04") == [(2, 1, 1, 1), (2, 2, 2, 1)]
    assert roster.people("language, work_region, home_region")["U08"] == (0, "331", "17")
    assert roster.people("language")["U03"] == 1
    spare = roster.tenko.sql("SELECT channel, dial_order, address FROM contact WHERE spare")
    assert spare == [(1, None, "spare@example.com"), (2, None, "0100000000")]
    [(who, action, detail)] = roster.tenko.sql("SELECT who, action, detail FROM audit WHERE subject = 'roster'")
    assert who and action == "roster.imported"
    assert detail == "groups registered=4; users registered=9; patterns registered=2; contacts registered=9"


def test_the_sample_comes_back_byte_for_byte(roster):
    roster.sample()
    roster.tenko.cli("export", "--dir", roster.root)
    for what, stem in FILES.items():
        [path] = roster.root.glob(f"{stem}_????????.csv")
        given = (SAMPLE / f"{stem}_20261121.csv").read_bytes()
        assert without_code_and_flag(path.read_bytes(), what) == without_code_and_flag(given, what)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_exported_changes_nothing(roster):
    roster.sample()
    before = roster.dump()
    roster.tenko.cli("export", "--dir", roster.root)
    paths = {w: next(roster.root.glob(f"{s}_????????.csv")) for w, s in FILES.items()}
    assert roster.counts(**paths)["users"]["unchanged"] == 9
    for path in paths.values():
        path.write_bytes(re.sub(rb"(?m)^0,", b"2,", path.read_bytes()))
    assert roster.counts(**paths)["contacts"] == {"registered": 0, "updated": 9, "deleted": 0,
                                                 "unchanged": 0}
    after = roster.dump()
    for table in ("work_pattern", "department", "person", "contact"):
        assert after[table] == before[table]


FORMULAS = ["=1+1", "+81", "-1", "@SUM(A1)", "'=x", "''-x", "'quoted'", '=HYPERLINK("http://x/?"&A1,"こちら")']


def test_no_cell_is_a_formula_and_each_comes_back(roster):
    roster.start()
    for i, text in enumerate(FORMULAS):
        roster.tenko.sql("UPDATE person SET name = ?, employee_number = ? WHERE code = ?", text, text[:8],
                         f"U0{i % 4 + 1}")
        before = roster.dump()
        path = roster.root / "users.csv"
        roster.tenko.cli("export", "--users", path)
        cells = [cell for row in csv.reader(io.StringIO(path.read_text("cp932"))) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        path.write_bytes(re.sub(rb"(?m)^0,", b"2,", path.read_bytes()))
        roster.take(users=path)
        assert roster.dump()["person"] == before["person"]
        as_is = csv.reader(io.StringIO(roster.exported("users", "--as-is")))
        assert text in [cell for row in as_is for cell in row]


@pytest.mark.parametrize("encoding,end", [("cp932", "\r\n"), ("cp932", "\n"), ("utf-8", "\r\n"),
                                          ("utf-8-sig", "\r\n"), ("utf-8", "\n")])
def test_encodings_and_line_ends_make_no_difference(roster, encoding, end):
    paths = {}
    for what, stem in FILES.items():
        text = (SAMPLE / f"{stem}_20261121.csv").read_bytes().decode("cp932")
        paths[what] = roster.root / f"{what}.csv"
        paths[what].write_bytes(text.replace("\r\n", end).rstrip(end).encode(encoding))
    roster.take(**paths)
    assert roster.people("name")["U09"] == "山﨑 太郎～"
    assert "U09,0009,山﨑 太郎～,やまざき たろう" in roster.exported("users")


def test_quotes_blanks_and_comments(roster):
    roster.take(groups=[group(1, "G01")],
                users=["# \"a comment, with a quote that is not closed",
                       ",,,,,,,,,,,,,,,,,,,,",
                       '"1","U01"," 01 ","山田, 太郎 ""部長""",, G01　,0,0,0, u@example.com ,0,0,0,0,,,,,,,',
                       '"# a comment, as a spreadsheet writes it",,,',
                       "  # another"])
    assert roster.people("name, employee_number") == {"U01": ('山田, 太郎 "部長"', "01")}
    line = [x for x in roster.exported("users").split("\r\n") if x.startswith("0,U01")][0]
    assert line == '0,U01,01,"山田, 太郎 ""部長""",,G01,0,0,0,u@example.com,0,0,0,0,,,,,,,0'


# the document's own examples


DOCUMENT_USERS = """\
1, U01, 01, 営業部部長, えいぎょうぶぶちょう, G01, 1, 1, 1,U01@sample1.com, 0, 0, 0, 0, 0, 0, 0, 0, 0, P01,
1, U02, 02, 営業 1 課課長, えいぎょういっかかちょう, G02, 1, 1, 1, U02@sample1.com, 0, 0, 0, 0, 0, 0, 0, 0, 0, P01,
1, U03, 03, 社員 A, しゃいんえー, G02, 0, 1, 1, U03@sample1.com, 0, 0, 0, 0, 0, 0, 0, 0, 0, P01,
1, U04, 04, 社員 B, しゃいんびー, G02, 0, 1, 1, U04@sample1.com, 0, 0, 0, 0, 0, 0, 0, 0, 0, P01,
1, U05, 05, 営業 2 課課長, えいぎょうにかかちょう, G03, 1, 1, 1, U05@sample1.com, 0, 0, 0, 0, 0, 0, 0, 0, 0, P01,
1, U06, 06, 社員 C, しゃいんしー , G03, 0, 1, 1, U06@sample1.com, 0, 0, 0, 0, 0, 0, 0, 0, 0, P01,
1, U07, 07, 社員 D, しゃいんでぃー, G03, 0, 1, 1, U07@sample1.com, 0, 0, 0, 0, 0, 0, 0, 0, 0, P02,
""".splitlines()
BLANK_HEADERS = {w: h.replace(",", ", ").replace("ID", " ID") for w, h in HEADERS.items()}


def test_the_documents_registration_and_changes(roster):
    """Tables 3-7 to 3-12."""
    def paths(**rows):
        return {w: roster.write(w, *r, header=BLANK_HEADERS[w], encoding="cp932")
                for w, r in rows.items()}
    roster.take(**paths(
        groups=["1, G01, 営業部, U01, , ,", "1, G02, 営業 1 課, U02, , G01,", "1, G03, 営業 2 課, U05, , G01,"],
        users=DOCUMENT_USERS,
        patterns=["1, P01, 通常勤務, 12:00-13:00, 420, 180, 5:00,", "1, P02, 短時間勤務, 12:00-13:00, 240, 120, 5:00,"]))
    assert roster.people("name")["U06"] == "社員 C"
    # example 1: B is deleted, D gets the usual pattern
    changed = ["0" + line[1:] for line in DOCUMENT_USERS]
    changed[3] = "6" + changed[3][1:]
    changed[6] = "2" + changed[6][1:].replace("P02", "P01")
    assert roster.counts(**paths(users=changed))["users"] == {
        "registered": 0, "updated": 1, "login_stopped": 0, "reregistered": 0, "reissued": 0,
        "deleted": 1, "removed": 0, "unchanged": 5}
    assert roster.people()["U04"] == 2
    assert {r["ユーザID"]: (r["勤務パターンID"], r["削除区分"]) for r in roster.rows("users")}["U07"] == ("P01", "0")
    # example 2: a new group, B comes back as its head
    roster.take(**paths(
        groups=["0, G01, 営業部, U01, , ,", "0, G02, 営業 1 課, U02, U01, G01,", "0, G03, 営業 2 課, U05, U01, G01,",
                "1, G04, 営業 3 課, U04, U01, G01,"],
        users=["4" + DOCUMENT_USERS[3][1:].replace("G02", "G04")]))
    assert roster.tenko.sql("SELECT p.state, d.code, d.approvers, d.upper_approvers FROM person p JOIN"
                            " department d ON d.id = p.department_id WHERE p.code = 'U04'") == [
                                (0, "G04", "U04", "U01")]


def test_twenty_names_over_twenty_one_values(roster):
    """Table 3-3: the header lacks 働き方検索権限, the rows have it."""
    header = USERS.replace("働き方検索権限,", "")
    rows = [user(1, "U01"), user(1, "U02")]
    path = roster.write("users", *rows, header=header)
    assert roster.refused(groups=[group(1, "G01")], users=path)[:3] == [
        ("groups", 2, "承認者", "登録されていないユーザです: 「U01」 (no such user)"),
        ("users", 2, "", "カラム数が異常です (expected 20 columns as in the header, found 21)"),
        ("users", 3, "", "カラム数が異常です (expected 20 columns as in the header, found 21)")]


def test_twenty_columns(roster):
    header = USERS.replace("働き方検索権限,", "")
    rows = [",".join(user(1, id).split(",")[:8] + user(1, id).split(",")[9:]) for id in ("U01", "U02")]
    roster.take(groups=[group(1, "G01")], users=roster.write("users", *rows, header=header))
    assert roster.rows("users")[0]["働き方検索権限"] == ""
    # what the file does not name stays as it is
    roster.take(users=[user(2, "U01").replace(",0,0,0,U01@", ",0,0,1,U01@")])
    rows[0] = "2" + rows[0][1:]
    roster.take(users=roster.write("users", rows[0], header=header))
    assert roster.rows("users")[0]["働き方検索権限"] == "1"


def test_columns_stand_where_the_header_says(roster):
    names = USERS.split(",")
    order = [0] + list(range(20, 0, -1))
    cells = user(1, "U01", kana="かな").split(",")
    roster.take(groups=[group(1, "G01")],
                users=roster.write("users", ",".join(cells[i] for i in order),
                                   header=",".join(names[i] for i in order)))
    assert roster.people("kana, email") == {"U01": ("かな", "U01@example.com")}


# update codes


GROUP_STEPS = [
    # code, id, parent; the state it leads to (0 active, 1 deleted, None gone), or the fault
    (1, "G09", 0), (1, "G01", "登録されています"), (2, "G01", 0), (2, "G09", "登録されていません"),
    (3, "G03", 1), (3, "G09", "登録されていません"), (3, "G01", "所属しています"), (4, "G01", "削除されていません"),
    (5, "G03", None), (5, "G09", "登録されていません"), (5, "G01", "所属しています"), (6, "G03", "どれか"),
    ("", "G03", "どれか"), ("x", "G03", "どれか"), ("01", "G03", "どれか")]


@pytest.mark.parametrize("code,id,expected", GROUP_STEPS)
def test_update_codes_of_groups(roster, code, id, expected):
    roster.start()
    if isinstance(expected, str):
        faults = roster.refused(groups=[group(code, id)])
        assert {f[:3] for f in faults} == {("groups", 2, "更新区分")}
        assert any(expected in f[3] for f in faults)
        return
    roster.take(groups=[group(code, id, name="新しい名")])
    state = roster.tenko.sql("SELECT deleted, name FROM department WHERE code = ?", id)
    if expected is None:
        assert state == []
    else:
        assert state == [(expected, "新しい名" if code in (1, 2) else id)]


def test_a_deleted_group(roster):
    roster.start().take(groups=[group(3, "G03")])
    assert [r["削除フラグ"] for r in roster.rows("groups")] == ["0", "0", "1"]
    for code, fault in ((1, "削除されています"), (2, "削除されています"), (3, "削除されています")):
        [(_, _, column, message)] = roster.refused(groups=[group(code, "G03")])
        assert column == "更新区分" and fault in message
    [(_, row, column, message)] = roster.refused(users=[user(2, "U02", "G03")])
    assert (row, column) == (2, "所属グループID") and "削除されたグループ" in message
    [(_, _, column, message)] = roster.refused(groups=[group(2, "G02", parent="G03")])
    assert column == "上位グループID" and "削除されたグループ" in message
    roster.take(groups=[group(4, "G03", name="again", flag="1")])
    assert roster.tenko.sql("SELECT deleted, name FROM department WHERE code = 'G03'") == [(0, "again")]
    roster.take(groups=[group(5, "G03")])
    roster.take(groups=[group(1, "G03")])


USER_STEPS = {
    # code: the state after it by the state before (0 active, 1 no login, 2 deleted)
    1: {}, 2: {0: 0, 1: 1}, 3: {0: 1}, 4: {1: 0, 2: 0}, 5: {0: 0}, 6: {0: 2, 1: 2}, 7: {0: None, 1: None, 2: None}}


@pytest.mark.parametrize("state", [0, 1, 2])
@pytest.mark.parametrize("code", USER_STEPS)
def test_update_codes_of_users(roster, code, state):
    roster.start()
    roster.tenko.sql("UPDATE person SET state = ? WHERE code = 'U04'", state)
    if state not in USER_STEPS[code]:
        [(_, row, column, _)] = roster.refused(users=[user(code, "U04")])
        assert (row, column) == (2, "更新区分")
        return
    roster.take(users=[user(code, "U04", name="新しい名")])
    after = USER_STEPS[code][state]
    name = "新しい名" if code in (2, 4) else "U04"
    assert roster.people("state, name, reissue_asked_at IS NOT NULL").get("U04") == (
        None if after is None else (after, name, code == 5))


@pytest.mark.parametrize("code", [c for c in USER_STEPS if c != 1])
def test_update_codes_of_nobody(roster, code):
    [(_, _, column, message)] = roster.start().refused(users=[user(code, "U99")])
    assert column == "更新区分" and "登録されていません" in message


def test_the_users_delete_flag(roster):
    roster.start().take(users=[user(3, "U02"), user(6, "U04")])
    assert [r["削除区分"] for r in roster.rows("users")] == ["0", "1", "0", "2"]


def test_update_codes_of_patterns(roster):
    roster.start()
    [(_, _, _, message)] = roster.refused(patterns=[pattern(3, "P01")])
    assert "1 名が使っています" in message
    roster.take(patterns=[pattern(3, "P02"), pattern(2, "P01", breaks="", morning="", end="")])
    assert roster.tenko.sql("SELECT code, breaks, morning_minutes, auto_end, deleted FROM work_pattern") == [
        ("P01", "", None, "", 0), ("P02", "12:00-13:00", 180, "5:00", 1)]
    [(_, row, column, message)] = roster.refused(users=[user(2, "U01", pattern="P02")])
    assert (row, column) == (2, "勤務パターンID") and "削除された" in message
    for code in (1, 2, 3):
        assert "削除されています" in roster.refused(patterns=[pattern(code, "P02")])[0][3]
    assert "削除されていません" in roster.refused(patterns=[pattern(4, "P01")])[0][3]
    assert "どれか" in roster.refused(patterns=[pattern(5, "P02")])[0][3]
    roster.take(patterns=[pattern(4, "P02", name="again")])
    roster.take(users=[user(2, "U01", pattern="P02")])
    assert [(r["勤務パターン名"], r["削除フラグ"]) for r in roster.rows("patterns")] == [("P01", "0"), ("again", "0")]


def test_update_codes_of_contacts(roster):
    roster.start()
    assert "既に登録" in roster.refused(contacts=[contact(1, "U01", メール1="a@example.com")])[0][3]
    assert "登録されていません" in roster.refused(contacts=[contact(2, "U02", メール1="a@example.com")])[0][3]
    assert "登録されていません" in roster.refused(contacts=[contact(3, "U02")])[0][3]
    roster.take(contacts=[contact(2, "U01", 電話1="0312345678", 発信順電話1=3, 言語="en"),
                          contact(1, "U02", メール1="a@example.com")])
    assert plan_of(roster, "U01") == [(2, 3, 1, 1)]
    assert plan_of(roster, "U02") == []
    assert roster.people("language")["U01"] == 1
    assert [r["ユーザID"] for r in roster.rows("contacts")] == ["U01", "U02"]
    roster.take(contacts=[contact(3, "U01")])
    assert plan_of(roster, "U01") == [] and roster.people("language")["U01"] == 0
    assert roster.tenko.sql("SELECT count(*) FROM contact") == [(1,)]
    roster.take(contacts=[contact(1, "U01", 住所2地域="13")])
    roster.take(users=[user(6, "U04")])
    assert "削除されたユーザ" in roster.refused(contacts=[contact(1, "U04", メール1="a@example.com")])[0][3]


def test_contacts_with_some_columns_only(roster):
    roster.start().take(contacts=[contact(1, "U02", メール1="a@example.com", メール2="b@example.com", 電話1="0311111111",
                                          発信順メール=1, 発信順電話1=2, 勤務先地域="350", 予備電話="1", 言語="en")])
    path = roster.write("contacts", "2,U02,3,0322222222", "1,U03,,09033333333",
                        header="更新区分,ユーザID,発信順電話2,電話2")
    roster.take(contacts=path)
    assert plan_of(roster, "U02") == [(1, 1, 1, 2), (2, 2, 1, 1), (2, 3, 2, 1)]
    assert roster.people("language, work_region")["U02"] == (1, "350")
    assert roster.people("language, work_region")["U03"] == (0, "")
    path = roster.write("contacts", "2,U02,2", header="更新区分,ユーザID,発信順電話2")
    [(_, row, column, message)] = roster.refused(contacts=path)
    assert (row, column) == (2, "発信順電話2") and "2 回あります" in message


# faults of cells


GOOD = {"groups": group(1, "G09"), "users": user(1, "U09"), "patterns": pattern(1, "P09"),
        "contacts": contact(1, "U02", メール1="u02@example.com", 発信順メール=1)}
CELLS = [
    ("groups", "グループID", "", "必須"), ("groups", "グループID", "G" * 33, "32 文字"),
    ("groups", "グループID", "あ", "使えない文字"), ("groups", "グループID", "a b", "使えない文字"),
    ("groups", "グループ名", "", "必須"), ("groups", "グループ名", "名" * 65, "64 文字"),
    ("groups", "グループ名", '"a\nb"', "制御文字"), ("groups", "承認者", "", "必須"),
    ("groups", "承認者", "U99", "登録されていないユーザ"), ("groups", "承認者", "U01;U99", "「U99」"),
    ("groups", "承認者", ";", "ユーザ ID がありません"), ("groups", "承認者", "U:1", "セミコロン"),
    ("groups", "上位承認者", "U99", "登録されていないユーザ"), ("groups", "上位グループID", "G99", "登録されていないグループ"),
    ("groups", "上位グループID", "G" * 33, "32 文字"), ("groups", "削除フラグ", "2", "0 か 1"),
    ("users", "ユーザID", "", "必須"), ("users", "ユーザID", "U;1", "使えない文字"), ("users", "ユーザID", "U" * 33, "32 文字"),
    ("users", "社員番号", "", "必須"), ("users", "社員番号", "1" * 65, "64 文字"), ("users", "ユーザ名", "", "必須"),
    ("users", "ユーザ名", "　 　", "必須"), ("users", "ユーザ名", "名" * 65, "64 文字"), ("users", "ふりがな", "か" * 65, "64 文字"),
    ("users", "所属グループID", "", "必須"), ("users", "所属グループID", "G99", "登録されていないグループ"),
    ("users", "管理者権限", "", "必須"), ("users", "管理者権限", "2", "0 か 1"),
    ("users", "見える化ダッシュボード閲覧権限", "x", "0 か 1"), ("users", "働き方検索権限", "2", "0 か 1"),
    ("users", "メールアドレス", "", "必須"), ("users", "メールアドレス", "nobody", "メールアドレスではありません"),
    ("users", "メールアドレス", '"a@example.com\r\nBcc: b@example.com"', "制御文字"),
    ("users", "メールアドレス", "あ@example.com", "使えない文字"),
    ("users", "メールアドレス", "a" * 65 + "@example.com", "長すぎます"),
    ("users", "開始申請承認必須区分", "3", "0、1、2"), ("users", "終了申請承認必須区分", "", "必須"),
    ("users", "申請時業務登録必須区分", "-1", "0、1、2"), ("users", "勤務終了時業務報告必須区分", "a", "0、1、2"),
    ("users", "休憩通知区分", "2", "0 か 1"), ("users", "残業管理区分", "9", "0 か 1"),
    ("users", "勤務パターンID", "P99", "登録されていない勤務パターン"), ("users", "削除区分", "3", "0、1、2"),
    ("patterns", "勤務パターンID", "P 1", "使えない文字"), ("patterns", "勤務パターン名", "", "必須"),
    ("patterns", "勤務パターン名", "名" * 65, "64 文字"), ("patterns", "休憩時間帯", "12:00", "HH:mm-HH:mm"),
    ("patterns", "休憩時間帯", "9:00-10:00", "HH:mm-HH:mm"), ("patterns", "休憩時間帯", "18:30-19:00;11:45-12:45", "昇順"),
    ("patterns", "休憩時間帯", "13:00-12:00", "昇順"), ("patterns", "業務時間（分）", "", "必須"),
    ("patterns", "業務時間（分）", "七時間", "整数"), ("patterns", "業務時間（分）", "1441", "整数"),
    ("patterns", "午前業務時間（分）", "0", "0 は設定できません"), ("patterns", "午前業務時間（分）", "421", "業務時間を超えて"),
    ("patterns", "自動終了時刻", "30:00", "時刻"), ("patterns", "自動終了時刻", "5:0", "時刻"), ("patterns", "削除フラグ", "2", "0 か 1"),
    ("contacts", "ユーザID", "U99", "登録されていないユーザ"), ("contacts", "ユーザID", "", "必須"),
    ("contacts", "言語", "", "必須"), ("contacts", "言語", "fr", "ja か en"), ("contacts", "メール1", "nobody", "メールアドレスでは"),
    ("contacts", "メール2", "a@b@c", "メールアドレスでは"), ("contacts", "メール3", "c@example.com", "前のメールが空欄"),
    ("contacts", "電話1", "090-1234-5678", "半角数字"), ("contacts", "電話2", "1234567890123456", "半角数字"),
    ("contacts", "電話3", "０９０", "半角数字"), ("contacts", "発信順メール", "5", "1～4"), ("contacts", "発信順メール", "0", "1～4"),
    ("contacts", "発信順電話1", "2", "連絡先がないのに"), ("contacts", "勤務先地域", "999", "地域コード"),
    ("contacts", "住所1地域", "48", "地域コード"), ("contacts", "住所2地域", "35", None), ("contacts", "住所2地域", "1", "地域コード"),
    ("contacts", "予備メール", "nobody", "メールアドレスでは"), ("contacts", "予備電話", "+81", "半角数字")]


def test_faults_of_cells(roster):
    """Each cell alone, in one row of one file: told with row and column, and nothing is changed."""
    roster.start()
    for what, column, cell, fault in CELLS:
        cells = dict(zip(HEADERS[what].split(","), GOOD[what].split(",")))
        cells[column] = cell
        rows = {what: [f"0{',' * HEADERS[what].count(',')}", ",".join(cells.values())]}
        if fault is None:
            roster.take("--check", **rows)
            continue
        faults = roster.refused(**rows)
        assert {f[:3] for f in faults} == {(what, 3, column)}, (what, column, cell, faults)
        assert len(faults) == 1 or "32 文字" in fault
        assert fault in faults[0][3], (what, column, cell, faults)
        if ("メール" in column or "電話" in column) and "発信順" not in column:
            assert not cell or cell not in faults[0][3]


@pytest.mark.parametrize("what", FILES)
def test_the_good_rows_are_good(roster, what):
    roster.start().take(**{what: [GOOD[what]]})


def test_the_longest_cells_are_good(roster):
    roster.start()
    long_id = "a" * 32
    roster.take(groups=[group(1, long_id, name="名" * 64)],
                users=[user(1, long_id, long_id, name="名" * 64, kana="か" * 64, number="0" * 64,
                            mail="a" * 64 + "@" + ".".join(["b" * 63, "c" * 63, "d" * 61]))],
                contacts=[contact(1, long_id, 電話1="010441234567890", 発信順電話1=4, メール1="u..07.@docomo.example.jp")])
    assert roster.people("length(name), length(email)")[long_id] == (64, 254)
    marks = "!#$%'()+-.=@[]_`{}~｀"
    roster.take(users=[user(1, marks, mail="a@example.com")],
                groups=[group(1, "!#$%'()*+-.:;=?@[]_`{}~|", approvers=marks)])


def test_a_cell_in_a_message_is_short(roster):
    [(_, _, _, message)] = roster.start().refused(users=[user(2, "U01", "😀" * 32)])
    assert "😀" * 32 in message and "使えない文字" in message
    [(_, _, _, message), *_] = roster.refused(users=[user(2, "U01", "あ" * 1000)])
    assert "「" + "あ" * 40 + "…」" in message


# faults of rows and files


def test_faults_of_all_files_are_told_at_once(roster):
    before = roster.start().dump()
    done = roster.take(code=DATAERR, groups=[group(1, "G01"), group(9, "G02")],
                       users=[user(1, "U01")[:-1], user(2, "U02", mail="x")],
                       patterns=[pattern(2, "P09")], contacts=[contact(1, "U99", メール1="a@b")])
    assert done.stdout == ""
    assert [line.partition(f"{roster.root}/")[2] for line in done.stderr.splitlines()[:-1]] == [
        "groups.csv:2: 更新区分: 既に登録されています (registered already; change it with 2)",
        "groups.csv:3: 更新区分: 0:処理なし、1:登録、2:更新、3:削除、4:再登録、5:完全削除 のどれかです: 「9」 (unknown update code)",
        "users.csv:2: カラム数が異常です (expected 21 columns as in the header, found 20)",
        "users.csv:3: メールアドレス: メールアドレスではありません (not a mail address: one @ with text on both sides)",
        "patterns.csv:2: 更新区分: 登録されていません (not registered; register it with 1)",
        "contacts.csv:2: ユーザID: 登録されていないユーザです: 「U99」 (no such user)"]
    assert done.stderr.splitlines()[-1] == "tenko import: 6 errors; nothing was changed"
    assert roster.dump() == before


def test_many_faults_are_cut(roster):
    done = roster.take(code=DATAERR, users=[user(1, f"U{i}", "G99") for i in range(500)])
    lines = done.stderr.splitlines()
    assert len(lines) == 202 and lines[200] == "他 300 件 (and 300 more)"
    assert lines[201].endswith("500 errors; nothing was changed")


def test_rows_are_lines_of_the_file(roster):
    two_lines = user(1, "U10", name='"U\r\n10"')
    faults = roster.start().refused(users=["# comment", "", two_lines, user(1, "U11", "G99")])
    assert [f[:3] for f in faults] == [("users", 4, "ユーザ名"), ("users", 6, "所属グループID")]


def test_rows_that_are_no_csv(roster):
    faults = roster.start().refused(users=[user(1, "U10", name='a"b'), user(1, "U11"), '1,"U12"x,', "1,\"open"])
    assert [(f[1], f[2]) for f in faults] == [(2, ""), (4, ""), (5, "")]
    assert all("\"" in f[3] for f in faults)


@pytest.mark.parametrize("header,column,fault", [
    (USERS.replace("ふりがな", "フリガナ"), "", "知らない項目名です: 「フリガナ」"),
    (USERS.replace("ユーザ名,", ""), "ユーザ名", "項目がありません"),
    (USERS + ",ふりがな", "ふりがな", "2 回"),
    (USERS.replace("更新区分,ユーザID", "ユーザID,更新区分"), "更新区分", "最初"),
    (USERS.replace("ユーザ名", '"ユーザ名'), "", "閉じていません"),
    (user(1, "U01"), "", "知らない項目名")])
def test_headers_that_make_no_sense(roster, header, column, fault):
    path = roster.write("users", user(1, "U01", "G09"), header=header)
    # the groups' approver is not known, but that is not the groups' fault
    faults = roster.refused(groups=[group(1, "G01", approvers="U01")], users=path)
    assert faults[0][:3] == ("users", 1, column) and fault in faults[0][3]
    assert {f[0] for f in faults} == {"users"}


@pytest.mark.parametrize("data,row,fault", [
    (b"", 1, "見出し行がありません"), (b"# only\r\n", 1, "見出し行がありません"),
    ((USERS + "\r\n").encode("utf-16"), 1, "UTF-16"), ((USERS + "\r\n").encode("utf-16-le"), 1, "NUL"),
    (USERS.encode() + b"\r\n1,U\x0001\r\n", 2, "NUL"), (bytes(range(256)) * 4, 1, "NUL"),
    (USERS.encode("cp932") + b"\r\n" + user(1, "U01").encode() + b"\r\n" +
     user(1, "U02", name="あ").encode("cp932").replace(b"\x82\xa0", b"\x82") + b"\r\n", 3, "Shift_JIS (CP932)"),
    (USERS.encode() + b"\r\n" + user(1, "U01").encode().replace(b",01,", b",\xff01,") + b"\r\n", 2, "UTF-8")])
def test_bytes_that_are_no_text(roster, data, row, fault):
    path = roster.root / "users.csv"
    path.write_bytes(data)
    faults = roster.refused(groups=[group(1, "G01")], users=path)
    assert any(f[0] == "users" and f[1] == row and fault in f[3] for f in faults)


def test_unsound_bytes_in_a_row_without_processing(roster):
    path = roster.root / "users.csv"
    path.write_bytes(USERS.encode() + b"\r\n" + user(0, "U01").encode().replace(b",01,", b",\xff,") + b"\r\n")
    [(_, row, column, _)] = roster.refused(users=path)
    assert (row, column) == (2, "社員番号")


def test_an_id_twice(roster):
    faults = roster.start().refused(users=[user(0, "U02"), user(2, "U02"), user(3, "U02")],
                                    groups=[group(1, "G08"), group(1, "G08")],
                                    patterns=[pattern(1, "P08"), pattern(2, "P08")],
                                    contacts=[contact(2, "U01", 住所1地域="13"), contact(3, "U01")])
    assert [f[:3] for f in faults] == [("groups", 3, "グループID"), ("users", 4, "ユーザID"),
                                       ("patterns", 3, "勤務パターンID"), ("contacts", 3, "ユーザID")]
    assert all("行目" in f[3] for f in faults)


# files against each other


def test_files_may_name_what_another_brings(roster):
    roster.take(groups=[group(1, "G02", parent="G01", approvers="U02;U01;"), group(1, "G01", approvers="U02")],
                users=[user(1, "U02", "G02", pattern="P01"), user(1, "U01")],
                patterns=[pattern(1, "P01")],
                contacts=[contact(1, "U01", メール1="a@example.com", 発信順メール=2)])
    assert plan_of(roster, "U01") == [(1, 2, 1, 1)]


def test_groups_form_no_circle(roster):
    faults = roster.start().refused(groups=[group(2, "G01", parent="G02")])
    assert [f[:3] for f in faults] == [("groups", 2, "上位グループID")] and "循環" in faults[0][3]
    faults = roster.refused(groups=[group(2, "G01", parent="G01")])
    assert [f[:3] for f in faults] == [("groups", 2, "上位グループID")]
    faults = roster.refused(groups=[group(1, "A", parent="B"), group(1, "B", parent="C"), group(1, "C", parent="A"),
                                    group(1, "D", parent="A")])
    assert len(faults) == 1 and "循環" in faults[0][3]
    # turned round in one import: no circle
    roster.take(groups=[group(2, "G01", parent="G02"), group(2, "G02", parent="")])


def test_a_deep_tree(roster):
    rows = [group(1, "T0")] + [group(1, f"T{i}", parent=f"T{i - 1}") for i in range(1, 3000)]
    roster.start().take(groups=rows)
    faults = roster.refused(groups=[group(2, "T0", parent="T2999")])
    assert len(faults) == 1


def test_groups_that_others_need(roster):
    roster.start()
    assert {f[3].partition(" (")[0] for f in roster.refused(groups=[group(3, "G01")])} == {
        "まだ 2 名が所属しています", "下位グループ「G02」があります"}
    # move and delete all in one
    roster.take(groups=[group(3, "G01"), group(2, "G02", parent="")],
                users=[user(2, "U01", "G02"), user(2, "U02", "G02")])
    # the deleted person keeps the group from being removed, but not from being deleted
    roster.take(users=[user(6, "U02")])
    roster.take(users=[user(2, "U01", "G03"), user(2, "U03", "G03"), user(2, "U04", "G03")],
                groups=[group(3, "G02")])
    assert "1 名残っています" in roster.refused(groups=[group(5, "G02")])[0][3]
    roster.take(users=[user(7, "U02")], groups=[group(5, "G02"), group(5, "G01")])
    assert [r["グループID"] for r in roster.rows("groups")] == ["G03"]


def test_removing_a_parent_with_its_child(roster):
    roster.start().take(groups=[group(1, "H1", parent="G03"), group(1, "H2", parent="H1")])
    assert "下位グループ「H2」" in roster.refused(groups=[group(5, "H1")])[0][3]
    roster.take(groups=[group(3, "H2")])
    assert "下位グループ「H2」" in roster.refused(groups=[group(5, "H1")])[0][3]
    roster.take(groups=[group(5, "H1"), group(5, "H2")])


def test_approvers_stay(roster):
    roster.start()
    for code in (6, 7):
        faults = roster.refused(users=[user(0, "U02"), user(code, "U01")])
        assert [f[:3] for f in faults] == [("users", 3, "更新区分")] * 3
        assert "グループ「G01」の承認者です" in faults[0][3]
    roster.take(users=[user(3, "U01")])  # without login, but still there
    faults = roster.refused(users=[user(6, "U02")], groups=[group(2, "G03", approvers="U02")])
    assert [f[:3] for f in faults] == [("groups", 2, "承認者")] and "削除されたユーザ" in faults[0][3]
    roster.take(groups=[group(2, g, approvers="U02") for g in ("G01", "G02", "G03")] , users=[user(6, "U01")])


def test_the_limit_of_a_group(roster):
    people = [user(1, f"P{i:03}", "G03") for i in range(101)]
    faults = roster.start().refused(users=people)
    assert [f[:3] for f in faults] == [("users", 102, "所属グループID")]
    assert "100 名まで" in faults[0][3] and "101" in faults[0][3]
    roster.take(users=people[:100])
    assert roster.refused(users=[user(2, "U01", "G03")])[0][1] == 2
    assert roster.refused(users=people[100:])[0][1] == 2
    roster.take(users=[user(2, "P000", "G03", name="same group")])
    roster.take(users=[user(6, "P001"), user(2, "U02", "G03")])
    assert "100 名まで" in roster.refused(users=[user(4, "P001", "G03")])[0][3]
    roster.tenko.configure(broadcast={"group_limit": 10})
    assert "10 名まで" in roster.refused(users=[user(4, "P001", "G03")])[0][3]
    roster.take(users=[user(2, "P002", "G03", name="over the new limit but no more than before")])


# removal for good and the record


def test_people_in_the_record_stay(roster):
    roster.start()
    ids = roster.people("id")
    roster.tenko.sql("INSERT INTO broadcast(id, title, body, kind, state, lane, targets, channels, mail_retries,"
                     " voice_retries, push_retries, temporary_retries, retry_interval, final_wait, rounds,"
                     " round_interval, targeted, requested_at, requested_by, expires_at)"
                     " VALUES (1, 't', '', 1, 5, 0, 'all', 2, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 'x', 0)")
    roster.tenko.sql("INSERT INTO delivery(id, broadcast_id, person_id, state, plan, phase, round, step, pass, address,"
                     " marks, owed, soft_passes, queue, due_at) VALUES (4294967296, 1, ?, 3, 0, 5, 0, 0, 0, 0, 0, 0, 0,"
                     " 0, 0)", ids["U04"])
    roster.tenko.sql("INSERT INTO reply(broadcast_id, person_id, choice, way, at) VALUES (1, ?, 'safe', 1, 0)", ids["U03"])
    roster.tenko.sql("INSERT INTO target(broadcast_id, kind, value) VALUES (1, 3, ?), (1, 2,"
                     " (SELECT id FROM department WHERE code = 'G03'))", ids["U02"])
    faults = roster.refused(users=[user(7, f"U0{i}") for i in (2, 3, 4)], groups=[group(5, "G03")])
    assert [f[:3] for f in faults] == [("groups", 2, "更新区分")] + [("users", i, "更新区分") for i in (2, 3, 4)]
    assert "6" in faults[1][3] and "3" in faults[0][3]
    roster.take(users=[user(6, f"U0{i}") for i in (2, 3, 4)], groups=[group(3, "G03")])


def test_an_id_is_never_used_again(roster):
    roster.start()
    last = roster.people("id")["U04"]
    roster.take(users=[user(7, "U04")])
    roster.take(users=[user(1, "U04")])
    assert roster.people("id")["U04"] > last


# contacts


@pytest.mark.parametrize("cells,column,fault", [
    ({"メール1": "a@example.com", "発信順メール": 1, "電話1": "0312345678", "発信順電話1": 1}, "発信順電話1", "2 回あります"),
    ({"発信順メール": 1, "電話1": "0312345678"}, "発信順メール", "連絡先がないのに"),
    ({"発信順電話3": 1, "電話1": "0312345678"}, "発信順電話3", "連絡先がないのに"),
    ({"メール2": "a@example.com"}, "メール2", "前のメールが空欄"),
    ({}, "", "連絡先も地域もありません")])
def test_cards_that_make_no_sense(roster, cells, column, fault):
    [(what, row, found, message)] = roster.start().refused(contacts=[contact(1, "U02", **cells)])
    assert (what, row, found) == ("contacts", 2, column) and fault in message


def test_every_contact_survives_the_round_trip(roster):
    full = dict(メール1="a@example.com", メール2="b@example.com", メール3="c@example.com", 電話1="0311111111", 電話2="05022222222",
                電話3="01012025550123", 発信順メール="4", 発信順電話1="3", 発信順電話3="1", 勤務先地域="350", 住所1地域="13",
                住所2地域="01", 予備メール="d@example.com", 予備電話="0004", 言語="en")
    roster.start().take(contacts=[contact(1, "U02", **full)])
    [row] = [r for r in roster.rows("contacts") if r["ユーザID"] == "U02"]
    assert {k: v for k, v in row.items() if v} == {"更新区分": "0", "ユーザID": "U02", **full}
    assert plan_of(roster, "U02") == [(2, 1, 3, 1), (2, 3, 1, 1), (1, 4, 1, 3)]


def test_contacts_go_with_their_person(roster):
    roster.start().take(contacts=[contact(1, "U04", メール1="a@example.com", 発信順メール=1)])
    roster.take(users=[user(6, "U04")])
    assert roster.tenko.sql("SELECT count(*) FROM contact") == [(2,)]
    roster.take(users=[user(4, "U04", "G01")])
    assert plan_of(roster, "U04") == [(1, 1, 1, 1)]
    roster.take(users=[user(7, "U04")])
    assert roster.tenko.sql("SELECT count(*) FROM contact") == [(1,)]


# the command


def test_check_changes_nothing(roster):
    before = roster.start().dump()
    counts = roster.counts("--check", users=[user(1, "U09"), user(6, "U04")])
    assert counts["check"] is True and counts["users"]["registered"] == 1
    assert roster.dump() == before
    done = roster.take("--check", users=[user(1, "U09")])
    assert "1 registered" in done.stdout and "nothing was changed" in done.stderr


def test_the_json_answer(roster):
    answer = roster.counts(groups=[group(1, "G01")], users=[user(1, "U01")])
    assert answer["groups"] == {"registered": 1, "updated": 0, "deleted": 0, "reregistered": 0, "removed": 0, "unchanged": 0}
    assert set(answer) == {"groups", "users"}


def test_standard_input(roster):
    roster.start()
    done = roster.tenko.cli("import", "--users", "-", input=f"{USERS}\n{user(1, 'U09')}\n")
    assert "1 registered" in done.stdout
    done = roster.tenko.cli("import", "--users", "-", input=f"{USERS}\n{user(1, 'U09')}\n", code=DATAERR)
    assert done.stderr.startswith("(standard input):2: ")


@pytest.mark.parametrize("arguments", [
    [], ["users.csv"], ["--users"], ["--user-file", "x"], ["--users", "-", "--groups", "-"],
    ["--users", "a", "--users", "b"]])
def test_wrong_use_of_import(roster, arguments):
    assert roster.tenko.cli("import", *arguments, code=USAGE).stderr.startswith("tenko import: ")


def test_files_that_cannot_be_read(roster):
    done = roster.tenko.cli("import", "--users", "/nowhere/u.csv", "--groups", roster.root, code=NOINPUT)
    assert "/nowhere/u.csv: No such file" in done.stderr and f"{roster.root}: Is a directory" in done.stderr


def test_missing_region_tables(roster):
    (roster.root / "empty").mkdir()
    copy = roster.root / "bin" / "x" / "tenko"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(Path(program("tenko")).read_bytes())
    copy.chmod(0o755)
    roster.start()
    path = roster.write("contacts", contact(1, "U02", 住所1地域="13"))
    done = roster.tenko.run("tenko", "--config", roster.tenko.conf, "import", "--contacts", path, path=copy,
                            env={"TENKO_DATADIR": roster.root / "empty"})
    if Path("/usr/local/share/tenko/regions/regions.tsv").exists():
        assert done.returncode == OK
    else:
        assert done.returncode == OSFILE and "regions.tsv" in done.stderr
    # beside the program, as in a build tree
    (roster.root / "config").symlink_to(REPOSITORY / "config")
    done = roster.tenko.run("tenko", "--config", roster.tenko.conf, "import", "--contacts", path, "--check", path=copy,
                            env={"TENKO_DATADIR": roster.root / "empty"})
    assert done.returncode == OK, done.stderr


# export


def test_export_names_and_modes(roster):
    roster.start()
    target = roster.root / "out.csv"
    target.write_text("old")
    target.chmod(0o644)
    done = roster.tenko.cli("export", "--users", target)
    assert done.stdout == f"users: 4 rows in {target}\n" and done.stderr == ""
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert roster.tenko.cli_json("export", "--users", target, "--groups", f"{target}2") == {
        "groups": {"file": f"{target}2", "rows": 3}, "users": {"file": str(target), "rows": 4}}
    assert sorted(p.name for p in roster.root.glob("out*")) == ["out.csv", "out.csv2"]


def test_export_is_in_order_of_id(roster):
    roster.start().take(users=[user(1, "A"), user(1, "b"), user(1, "0")])
    assert [r["ユーザID"] for r in roster.rows("users")] == ["0", "A", "U01", "U02", "U03", "U04", "b"]


def test_templates(roster):
    roster.tenko.cli("export", "--templates", "--dir", roster.root)
    for what, stem in FILES.items():
        [path] = roster.root.glob(f"{stem}_*.csv")
        lines = path.read_bytes().decode("cp932").split("\r\n")
        assert lines[0] == HEADERS[what] and lines[-1] == ""
        assert len(lines) > 2 and all(line.startswith("#") for line in lines[1:-1])
        # a template is a file that can be imported
        roster.tenko.cli("import", f"--{what}", path)


def test_templates_need_no_store(bare):
    done = bare.cli("export", "--templates", "--users", "-", "--utf8")
    assert done.stdout.startswith(USERS)


def test_characters_that_shift_jis_lacks(roster):
    roster.start().take(users=[user(1, "U05", name="𠮷田"), user(2, "U02", name="é")], groups=[group(2, "G03", name="한글")])
    out = roster.root / "u.csv"
    out.write_text("old")
    done = roster.tenko.cli("export", "--users", out, "--groups", roster.root / "g.csv", "--json", code=DATAERR)
    errors = [(Path(e["file"]).name, e["row"], e["column"]) for e in json.loads(done.stdout)["errors"]]
    assert errors == [("g.csv", 6, "グループ名"), ("u.csv", 5, "ユーザ名"), ("u.csv", 8, "ユーザ名")]
    assert "--utf8" in done.stderr
    assert "「𠮷」 U+20BB7, U05" in json.loads(done.stdout)["errors"][2]["message"]
    assert out.read_text() == "old" and not (roster.root / "g.csv").exists()
    assert [p.name for p in roster.root.glob("*.csv.*")] == []
    assert roster.rows("users")[-1]["ユーザ名"] == "𠮷田"


def test_twins_are_written_in_the_windows_form(roster):
    roster.start().take(users=[user(2, "U01", name="〜−—‖¢£¬"), user(2, "U02", name="¥")])
    done = roster.tenko.cli("export", "--users", "-", code=DATAERR)
    assert done.stdout == "" and "U+00A5" in done.stderr and "U+301C" not in done.stderr
    roster.take(users=[user(2, "U02", name="\\")])
    assert "〜−—‖¢£¬" in roster.exported("users", "--utf8", encoding="utf-8")
    assert "～－―∥￠￡￢" in roster.exported("users")


@pytest.mark.parametrize("path,fault", [("/nowhere/x.csv", "No such file"), ("/dev/null", "is no plain file"), ("/tmp", "is no plain file")])
def test_places_that_cannot_be_written(roster, path, fault):
    done = roster.start().tenko.cli("export", "--groups", roster.root / "g.csv", "--users", path, code=CANTCREAT)
    assert path in done.stderr and fault in done.stderr
    assert not list(roster.root.glob("g.csv*"))


def test_a_link_stays_a_link(roster):
    roster.start()
    (roster.root / "real.csv").write_text("")
    (roster.root / "link.csv").symlink_to("real.csv")
    roster.tenko.cli("export", "--users", roster.root / "link.csv")
    assert (roster.root / "link.csv").is_symlink() and (roster.root / "real.csv").stat().st_size > 100


@pytest.mark.parametrize("arguments", [[], ["x"], ["--users", "a", "--groups", "a"], ["--users", "-", "--groups", "-"], ["--utf8"]])
def test_wrong_use_of_export(roster, arguments):
    assert roster.tenko.cli("export", *arguments, code=USAGE).stderr.startswith("tenko export: ")


def test_a_reader_that_goes_away(roster):
    roster.start()
    with open("/dev/full", "wb") as full:
        done = subprocess.run([program("tenko"), "--config", str(roster.tenko.conf), "export", "--users", "-"],
                              stdout=full, stderr=subprocess.PIPE, env=roster.tenko.environment())
    assert done.returncode in (CANTCREAT, IOERR) and b"No space left" in done.stderr


# all or nothing


def big(roster, count):
    groups = [group(1, f"B{i:04}") for i in range(0, count, 100)]
    users = [user(1, f"X{i:06}", f"B{i // 100 * 100:04}") for i in range(count)]
    contacts = [contact(1, f"X{i:06}", メール1=f"x{i}@example.com", 発信順メール=1) for i in range(count)]
    return roster.files(groups=groups, users=users, contacts=contacts)


def test_killed_in_the_middle(roster):
    """SIGKILL while the transaction runs: everything of it is there, or nothing."""
    roster.start()
    arguments = big(roster, 5000)
    before = roster.dump()
    wal = roster.tenko.data_dir / "tenko.db-wal"
    # so that pages go to the log before the end
    process = roster.tenko.start("tenko", "import", *arguments, ready=False)
    wait_for(lambda: (wal.exists() and wal.stat().st_size > 100000) or not process.alive, 60, "the log to grow")
    if process.alive:
        process.send(signal.SIGKILL)
    process.wait()
    after = roster.dump()
    assert after == before or len(after["person"]) == 5004
    if after == before:
        roster.tenko.cli("import", *arguments)
    assert roster.tenko.sql("SELECT count(*) FROM contact") == [(5001,)]


def test_two_at_once(roster):
    """Both succeed, or one is told to try again; the roster is sound either way."""
    roster.start()
    first = roster.write("users", *[user(1, f"A{i:03}", "G03") for i in range(60)]).rename(roster.root / "first.csv")
    second = roster.write("users", *[user(1, f"B{i:03}", "G03") for i in range(60)]).rename(roster.root / "second.csv")
    processes = [roster.tenko.start("tenko", "import", "--users", p, ready=False) for p in (first, second)]
    codes = sorted(p.wait() for p in processes)
    assert codes in ([OK, DATAERR], [OK, TEMPFAIL])
    assert roster.tenko.sql("SELECT count(*) FROM person") == [(64,)]


def test_a_full_disk(roster):
    """No file may grow over a limit: writing fails as on a full disk."""
    roster.start()
    arguments = big(roster, 5000)
    before = roster.dump()
    target = roster.root / "u.csv"
    target.write_text("old")

    def limited(kilobytes, *command):
        shell = f"trap '' XFSZ; ulimit -f {kilobytes}; exec \"$@\""
        return roster.tenko.run("bash", "-c", shell, "bash", program("tenko"), "--config", roster.tenko.conf,
                                *command, path="/bin/bash")

    done = limited(500, "import", *arguments)
    assert done.returncode == IOERR and "tenko.db" in done.stderr, done.stderr
    assert roster.dump() == before
    roster.tenko.cli("import", *arguments)
    done = limited(100, "export", "--users", target)
    assert done.returncode == CANTCREAT and "u.csv: File too large" in done.stderr, done.stderr
    assert target.read_text() == "old" and not list(roster.root.glob("u.csv.*"))
