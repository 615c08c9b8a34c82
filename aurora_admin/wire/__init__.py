"""Thrift on the wire: structs, fields by name, readers, limits, and messages in both protocols."""
