-- Counters over everything there ever was, for monitoring. Kept in the transaction that changes what
-- they count; they only grow. what: common/store/totals.h.
CREATE TABLE total (
	what INTEGER NOT NULL,
	key INTEGER NOT NULL,
	n INTEGER NOT NULL,
	PRIMARY KEY (what, key)
) WITHOUT ROWID;

INSERT INTO total SELECT 1, channel * 256 + ifnull(first_outcome, outcome), count(*) FROM attempt
	WHERE outcome IS NOT NULL GROUP BY 2;
INSERT INTO total SELECT 2, a.channel * 256 + ifnull(a.first_outcome, a.outcome), count(*)
	FROM attempt a JOIN broadcast b ON b.id = a.delivery_id >> 32
	WHERE a.outcome IS NOT NULL AND b.kind = 3 GROUP BY 2;
INSERT INTO total SELECT 3, source * 256 + state, count(*) FROM telegram WHERE state <> 1 GROUP BY 2;
INSERT INTO total SELECT 4, verdict, count(*) FROM decision GROUP BY 2;
