#pragma once

namespace llmodule::bench {

/// Bytes per second that the threads of the pool read together from memory that no cache holds: the bound of decoding,
/// which reads all weights once per token. The best of several passes.
double read_bandwidth();

}  // namespace llmodule::bench
