"""The Thrift API: from a call to its reply, and the rules that its methods share (docs/api.md 1 to 4)."""
