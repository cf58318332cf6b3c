"""Tests of service plans."""
