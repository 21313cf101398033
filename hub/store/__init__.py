"""What is kept: tables, engines, migrations, dossiers."""
