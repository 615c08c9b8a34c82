"""Thrift on the wire: structs, slim decoding, splicing of bytes, limits, both protocols."""
