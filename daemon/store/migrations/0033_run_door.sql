-- SHA-256 of the token of its door, hexadecimal, by which the next rdvd knows
-- it. NULL: it asked for none.
ALTER TABLE run ADD COLUMN door TEXT;
