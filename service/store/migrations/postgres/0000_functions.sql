-- What SQLite calls min and max of two values, PostgreSQL calls least and greatest. Null is
-- answered with null, as SQLite does.

create function min(bigint, bigint) returns bigint
    language sql immutable strict parallel safe as $$ select least($1, $2) $$;

create function min(numeric, numeric) returns numeric
    language sql immutable strict parallel safe as $$ select least($1, $2) $$;

create function max(bigint, bigint) returns bigint
    language sql immutable strict parallel safe as $$ select greatest($1, $2) $$;

create function max(numeric, numeric) returns numeric
    language sql immutable strict parallel safe as $$ select greatest($1, $2) $$;
