"""The reference scheduler: Aurora's storage and Thrift API with simulated agents."""
