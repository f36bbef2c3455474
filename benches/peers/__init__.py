"""Grism beside other systems: data, queries in each system's own words, a runner, and the table that it prints."""
