"""Runs the whole product on one machine as one foreground command: database, web, worker and scheduler.

Standard library, psycopg and the embedded PostgreSQL wheel only: it knows the other processes by their command lines.
"""
