// The member node of a server set as Thrift: releases before 0.10 could be configured to write it instead of JSON
// (docs/connection.md 2.2). It is not part of Aurora's IDL, but of the library for server sets that Aurora uses.
namespace py serverset

// State of a member
enum Status {
  DEAD = 0,      // is gone
  STARTING = 1,  // is not ready yet
  ALIVE = 2,     // serves
  STOPPING = 3,  // shuts down
  STOPPED = 4,   // has shut down
  WARNING = 5,   // serves, but is about to be overloaded
}

// Address of a port
struct Endpoint {
  1: string host  // host name or IP address
  2: i32 port     // number of the port
}

// Content of a member node
struct ServiceInstance {
  1: Endpoint serviceEndpoint                   // main address
  2: map<string, Endpoint> additionalEndpoints  // other addresses, by their names
  3: Status status                              // state of the member
}
