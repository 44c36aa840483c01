"""botocore's service models -> proto/: run ``python -m tools.contract`` after an upgrade of botocore.

model.py    what a botocore model says, as plain records
overlay.py  what we add: names, limits that botocore lacks, comments
numbers.py  field numbers that the existing proto files have given away
writer.py   records -> proto text
"""
