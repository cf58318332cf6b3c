"""The auditor's verifier: parts that need nothing but Python's standard library and are put together into one file, `verify.py`.

The server uses the same parts for trees and notes, so there is one description of each format. An auditor runs a copy taken
earlier from a source of their own, not the one that lies beside the evidence.
"""
