-- Whom a hazard concerns.

-- Which addresses of a person count for a region: common/base/vocabulary.h.
ALTER TABLE target ADD COLUMN addresses INTEGER NOT NULL DEFAULT 7;

-- Where a department is: as written, and what counts: its own, else the nearest one's above it.
ALTER TABLE department ADD COLUMN region TEXT NOT NULL DEFAULT '';
ALTER TABLE department ADD COLUMN area TEXT NOT NULL DEFAULT '';
CREATE INDEX department_area ON department(area) WHERE area <> '';

-- The people of a region are found and counted without a look at the others.
CREATE INDEX person_work ON person(work_region, state) WHERE work_region <> '';
CREATE INDEX person_home ON person(home_region, state) WHERE home_region <> '';
CREATE INDEX person_second ON person(second_region, state) WHERE second_region <> '';
DROP INDEX person_department;
CREATE INDEX person_department ON person(department_id, state);
