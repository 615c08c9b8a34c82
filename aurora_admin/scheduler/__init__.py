"""The reference scheduler: Aurora's storage and Thrift API, without Mesos."""
