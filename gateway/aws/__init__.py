"""The AWS wire.

router.py     request -> operation and protocol
protocols.py  bodies, headers and errors of AWS JSON, REST-JSON and RPC v2 CBOR
endpoint.py   one HTTP request from beginning to end
"""
