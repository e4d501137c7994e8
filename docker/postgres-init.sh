#!/bin/sh
# Runs once, when the database's volume is new: the user that the services log in as. It owns nothing; what it may do,
# the migration grants.
set -eu
psql --quiet --set ON_ERROR_STOP=1 --set password="$DATABASE_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role dc_login login noinherit password :'password';
SQL
