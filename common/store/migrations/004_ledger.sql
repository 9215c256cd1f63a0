-- The audit record becomes a ledger: each row's hash is over it and the hash of the row before
-- (common/store/ledger.h). What is there already is chained by ledger_begin(), in this transaction.
ALTER TABLE audit ADD COLUMN hash BLOB;

-- Which store this is, for the queue: a restored one is another than the one that was lost.
INSERT INTO meta VALUES ('epoch', lower(hex(randomblob(8))));
