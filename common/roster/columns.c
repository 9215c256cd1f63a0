#include "common/roster/columns.h"

#include "common/base/must.h"
#include "common/store/family.h"
#include "common/store/roster.h"

static const struct column group_columns[] = {
	[COLUMN_UPDATE] = {.name = "更新区分", .flags = NEEDED},
	[COLUMN_ID] = {"グループID", NEEDED, 32, rule_group_id},
	[GROUP_NAME] = {"グループ名", NEEDED | FILLED, 64, NULL},
	[GROUP_APPROVERS] = {"承認者", NEEDED | FILLED, 0, rule_user_ids},
	[GROUP_UPPER] = {"上位承認者", 0, 0, rule_user_ids},
	[GROUP_PARENT] = {"上位グループID", 0, 32, rule_group_id},
	[GROUP_DELETED] = {"削除フラグ", 0, 0, rule_switch},
	[GROUP_REGION] = {"所在地域", EXTRA, 0, rule_region},
};

static const struct column user_columns[] = {
	[COLUMN_UPDATE] = {.name = "更新区分", .flags = NEEDED},
	[COLUMN_ID] = {"ユーザID", NEEDED, 32, rule_user_id},
	[USER_NUMBER] = {"社員番号", NEEDED | FILLED, 64, NULL},
	[USER_NAME] = {"ユーザ名", NEEDED | FILLED, 64, NULL},
	[USER_KANA] = {"ふりがな", 0, 64, NULL},
	[USER_GROUP] = {"所属グループID", NEEDED | FILLED, 32, rule_group_id},
	[USER_ADMIN] = {"管理者権限", NEEDED | FILLED, 0, rule_switch},
	[USER_DASHBOARD] = {"見える化ダッシュボード閲覧権限", NEEDED | FILLED, 0, rule_switch},
	[USER_SEARCH] = {"働き方検索権限", 0, 0, rule_switch},
	[USER_MAIL] = {"メールアドレス", NEEDED | FILLED | SECRET, 0, rule_mail},
	[USER_START_APPROVAL] = {"開始申請承認必須区分", NEEDED | FILLED, 0, rule_division},
	{"終了申請承認必須区分", NEEDED | FILLED, 0, rule_division},
	{"申請時業務登録必須区分", NEEDED | FILLED, 0, rule_division},
	{"勤務終了時業務報告必須区分", NEEDED | FILLED, 0, rule_division},
	{"休憩通知区分", 0, 0, rule_switch},
	{"勤務終了前通知区分", 0, 0, rule_switch},
	{"勤務終了予定時刻通知区分", 0, 0, rule_switch},
	{"勤務時間外バルーン通知区分", 0, 0, rule_switch},
	{"残業管理区分", 0, 0, rule_switch},
	[USER_PATTERN] = {"勤務パターンID", 0, 32, rule_group_id},
	[USER_DELETED] = {"削除区分", 0, 0, rule_division},
};

static const struct column pattern_columns[] = {
	[COLUMN_UPDATE] = {.name = "更新区分", .flags = NEEDED},
	[COLUMN_ID] = {"勤務パターンID", NEEDED, 32, rule_group_id},
	[PATTERN_NAME] = {"勤務パターン名", NEEDED | FILLED, 64, NULL},
	[PATTERN_BREAKS] = {"休憩時間帯", 0, 0, rule_breaks},
	[PATTERN_WORK] = {"業務時間（分）", NEEDED | FILLED, 0, rule_minutes},
	[PATTERN_MORNING] = {"午前業務時間（分）", 0, 0, rule_some_minutes},
	[PATTERN_END] = {"自動終了時刻", 0, 5, rule_time},
	[PATTERN_DELETED] = {"削除フラグ", 0, 0, rule_switch},
};

static const struct column contact_columns[] = {
	[COLUMN_UPDATE] = {.name = "更新区分", .flags = NEEDED},
	[COLUMN_ID] = {"ユーザID", NEEDED, 32, rule_user_id},
	[CONTACT_LANGUAGE] = {"言語", FILLED, 0, rule_language},
	[CONTACT_MAIL] = {"メール1", SECRET, 0, rule_mail},
	{"メール2", SECRET, 0, rule_mail},
	{"メール3", SECRET, 0, rule_mail},
	[CONTACT_TELEPHONE] = {"電話1", SECRET, 0, rule_telephone},
	{"電話2", SECRET, 0, rule_telephone},
	{"電話3", SECRET, 0, rule_telephone},
	[CONTACT_MAIL_ORDER] = {"発信順メール", 0, 0, rule_dial_order},
	[CONTACT_TELEPHONE_ORDER] = {"発信順電話1", 0, 0, rule_dial_order},
	{"発信順電話2", 0, 0, rule_dial_order},
	{"発信順電話3", 0, 0, rule_dial_order},
	[CONTACT_REGION] = {"勤務先地域", 0, 0, rule_region},
	{"住所1地域", 0, 0, rule_region},
	{"住所2地域", 0, 0, rule_region},
	[CONTACT_SPARE_MAIL] = {"予備メール", SECRET, 0, rule_mail},
	[CONTACT_SPARE_TELEPHONE] = {"予備電話", SECRET, 0, rule_telephone},
	[CONTACT_PUSH_ORDER] = {"発信順プッシュ", EXTRA, 0, rule_dial_order},
	[CONTACT_VOICE_ID] = {"音声ID", EXTRA, 0, rule_voice_id},
	[CONTACT_VOICE_PIN] = {"音声PIN", EXTRA | SECRET, 0, rule_voice_pin},
};

static const struct column family_columns[] = {
	[COLUMN_UPDATE] = {.name = "更新区分", .flags = NEEDED},
	[COLUMN_ID] = {"家族コード", NEEDED, FAMILY_CODE_MOST, rule_family_code},
	[FAMILY_USER] = {"ユーザID", NEEDED | FILLED, 32, rule_user_id},
	[FAMILY_NAME] = {"氏名", NEEDED | FILLED, FAMILY_NAME_MOST, rule_no_half_kana},
	[FAMILY_KANA] = {"カナ氏名", 0, FAMILY_NAME_MOST, rule_kana},
	[FAMILY_LANGUAGE] = {"言語", NEEDED | FILLED, 0, rule_language},
	[FAMILY_REGION] = {"地域", 0, 0, rule_region},
	[FAMILY_CITY] = {"市区町村", SECRET, FAMILY_CITY_MOST, rule_no_half_kana},
	[FAMILY_STREET] = {"番地・マンション名", SECRET, FAMILY_STREET_MOST, rule_no_half_kana},
	[FAMILY_MAIL1] = {"メール1", SECRET, 0, rule_mail},
	{"メール2", SECRET, 0, rule_mail},
	{"メール3", SECRET, 0, rule_mail},
	[FAMILY_TEL] = {"電話", SECRET, 0, rule_telephone},
};

_Static_assert(LENGTH(group_columns) == GROUP_COLUMNS, "groups");
_Static_assert(LENGTH(user_columns) == USER_COLUMNS, "users");
_Static_assert((int)USER_COLUMNS == (int)COLUMNS_MOST, "no file has more columns");
_Static_assert(LENGTH(pattern_columns) == PATTERN_COLUMNS, "patterns");
_Static_assert(LENGTH(contact_columns) == CONTACT_COLUMNS, "contacts");
_Static_assert(LENGTH(family_columns) == FAMILY_COLUMNS, "family");

#define GROUP_CODES "0:処理なし、1:登録、2:更新、3:削除、4:再登録、5:完全削除"
#define USER_CODES \
	"0:処理なし、1:登録、2:更新、3:ログイン不可、4:再登録、5:パスワード再発行、6:削除、7:完全削除"
#define PATTERN_CODES "0:処理なし、1:登録、2:更新、3:削除、4:再登録"
#define CONTACT_CODES "0:処理なし、1:登録、2:更新、3:削除"
#define CHOOSE        "# 更新区分には以下の値を指定してください。"

static const char *const group_comments[] = {CHOOSE, "# " GROUP_CODES, NULL};
static const char *const user_comments[] = {CHOOSE, "# " USER_CODES, NULL};
static const char *const pattern_comments[] = {"# " PATTERN_CODES, NULL};
static const char *const contact_comments[] = {
	"# 発信順は1～4。空欄の連絡先には発信しません。"
	"地域は気象庁の細分区域コード（3桁）または都道府県コード（2桁）。",
	NULL};

static const char *const family_comments[] = {
	"# " CONTACT_CODES, "# 言語はja、en。電話には発信しません。", NULL};

#define ACTIVE   (1u << PRESENCE_ACTIVE)
#define NO_LOGIN (1u << PRESENCE_NO_LOGIN)
#define DELETED  (1u << PRESENCE_DELETED)
#define ABSENT   (1u << PRESENCE_ABSENT)

const struct file_kind roster_kinds[ROSTER_FILES] = {
	[ROSTER_GROUPS] =
		{
			.word = "groups",
			.stem = "group",
			.columns = group_columns,
			.column_count = GROUP_COLUMNS,
			.codes = GROUP_CODES,
			.comments = group_comments,
			.update =
				{
					[0] = {"unchanged", .to = -1},
					[1] = {"registered", true, ABSENT, PRESENCE_ACTIVE},
					[2] = {"updated", true, ACTIVE, PRESENCE_ACTIVE},
					[3] = {"deleted", false, ACTIVE, PRESENCE_DELETED},
					[4] = {"reregistered", true, DELETED, PRESENCE_ACTIVE},
					[5] = {"removed", false, ACTIVE | DELETED, PRESENCE_ABSENT},
				},
		},
	[ROSTER_USERS] =
		{
			.word = "users",
			.stem = "user",
			.columns = user_columns,
			.column_count = USER_COLUMNS,
			.codes = USER_CODES,
			.comments = user_comments,
			.update =
				{
					[0] = {"unchanged", .to = -1},
					[1] = {"registered", true, ABSENT, PRESENCE_ACTIVE},
					[2] = {"updated", true, ACTIVE | NO_LOGIN, -1},
					[3] = {"login_stopped", false, ACTIVE, PRESENCE_NO_LOGIN},
					[4] = {"reregistered", true, NO_LOGIN | DELETED,
					       PRESENCE_ACTIVE},
					[5] = {"reissued", false, ACTIVE, -1},
					[6] = {"deleted", false, ACTIVE | NO_LOGIN,
					       PRESENCE_DELETED},
					[7] = {"removed", false, ACTIVE | NO_LOGIN | DELETED,
					       PRESENCE_ABSENT},
				},
		},
	[ROSTER_PATTERNS] =
		{
			.word = "patterns",
			.stem = "work_pattern",
			.columns = pattern_columns,
			.column_count = PATTERN_COLUMNS,
			.codes = PATTERN_CODES,
			.comments = pattern_comments,
			.update =
				{
					[0] = {"unchanged", .to = -1},
					[1] = {"registered", true, ABSENT, PRESENCE_ACTIVE},
					[2] = {"updated", true, ACTIVE, PRESENCE_ACTIVE},
					[3] = {"deleted", false, ACTIVE, PRESENCE_DELETED},
					[4] = {"reregistered", true, DELETED, PRESENCE_ACTIVE},
				},
		},
	[ROSTER_CONTACTS] =
		{
			.word = "contacts",
			.stem = "contact",
			.columns = contact_columns,
			.column_count = CONTACT_COLUMNS,
			.codes = CONTACT_CODES,
			.comments = contact_comments,
			.update =
				{
					[0] = {"unchanged", .to = -1},
					[1] = {"registered", true, ABSENT, PRESENCE_ACTIVE},
					[2] = {"updated", true, ACTIVE, PRESENCE_ACTIVE},
					[3] = {"deleted", false, ACTIVE, PRESENCE_ABSENT},
				},
		},
	[ROSTER_FAMILY] =
		{
			.word = "family",
			.stem = "family",
			.columns = family_columns,
			.column_count = FAMILY_COLUMNS,
			.codes = CONTACT_CODES,
			.comments = family_comments,
			.update =
				{
					[0] = {"unchanged", .to = -1},
					[1] = {"registered", true, ABSENT, PRESENCE_ACTIVE},
					[2] = {"updated", true, ACTIVE, PRESENCE_ACTIVE},
					[3] = {"deleted", false, ACTIVE, PRESENCE_ABSENT},
				},
		},
};
