"""Where departments are: the group file's further column, and what counts for those without."""

from test_roster import GROUPS, group, roster, user  # noqa: F401  (a fixture)

HEADER = f"{GROUPS},所在地域"


def take(roster, *rows):
    return roster.take(groups=roster.write("groups", *rows, header=HEADER))


def areas(roster):
    return dict(roster.tenko.sql("SELECT code, area FROM department WHERE area <> ''"))


def test_the_nearest_one_above_counts(roster):
    roster.start()
    take(roster, group(1, "P4", parent="P3") + ",", group(1, "P3", parent="P2") + ",13",
         group(1, "P2", parent="P1") + ",", group(1, "P1") + ",350", group(1, "P5") + ",")
    assert areas(roster) == {"P1": "350", "P2": "350", "P3": "13", "P4": "13"}
    # a change above reaches those below
    take(roster, group(2, "P1") + ",520", group(2, "P3", parent="P2") + ",")
    assert areas(roster) == {"P1": "520", "P2": "520", "P3": "520", "P4": "520"}
    # a file without the column leaves it as it is; another parent has another region
    roster.take(groups=[group(2, "P1", name="新しい名前"), group(2, "P2", parent="P5")])
    assert areas(roster) == {"P1": "520"}


def test_people_are_found_by_their_departments_region(roster):
    roster.start()
    take(roster, group(2, "G01") + ",350", group(2, "G03") + ",13")
    roster.take(users=[user(1, "U05", "G03")])

    def targeted(to):
        return roster.tenko.cli_json("broadcast", "--title", "T", "--to", to, "--dry-run")["targeted"]
    assert targeted("region:350@department") == 5 and targeted("region:351@department") == 1
    assert targeted("pref:13@department") == 5
    roster.take(groups=[group(2, "G02")])
    assert targeted("region:350@department") == 3


def test_the_column_comes_back_only_where_somebody_needs_it(roster):
    roster.start()
    assert roster.exported("groups").split("\r\n")[0] == GROUPS
    take(roster, group(2, "G03") + ",350")
    before = roster.dump()["department"]
    text = roster.exported("groups", "--utf8", encoding="utf-8")
    assert text.split("\r\n")[0] == HEADER
    assert {r["グループID"]: r["所在地域"] for r in roster.rows("groups")} == {"G01": "", "G02": "", "G03": "350"}
    path = roster.write("groups", *text.replace("\r\n0,", "\r\n2,").split("\r\n")[1:-1], header=HEADER)
    roster.take(groups=path)
    assert roster.dump()["department"] == before


def test_regions_that_there_are_not_are_told_by_row(roster):
    path = roster.start().write("groups", group(2, "G01") + ",350", group(2, "G02") + ",999",
                                group(2, "G03") + ",東京", header=HEADER)
    errors = roster.refused(groups=path)
    assert [e[:3] for e in errors] == [("groups", 3, "所在地域"), ("groups", 4, "所在地域")]
    assert all("地域コード" in e[3] for e in errors)
