"""Parses the file that it is given with ibflex, and prints how many trades and cash rows are in it."""

import sys

from ibflex import parser

statement = parser.parse(sys.argv[1]).FlexStatements[0]
print(len(statement.Trades) + len(statement.CashTransactions))
