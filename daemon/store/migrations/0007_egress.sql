-- Of a network that is held to a list: which hosts a session asks for, and what
-- went to and came from each of them in a run.
ALTER TABLE session ADD COLUMN network_hosts_json TEXT;
ALTER TABLE run ADD COLUMN egress_json TEXT;
