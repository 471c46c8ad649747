"""What is kept, in SQLite: schema, migrations, queries, retention, recordings."""
