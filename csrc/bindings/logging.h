#pragma once

namespace llmodule::bindings {

/// Hands the lines logged since the last call to the Python callback. Needs the GIL; never throws.
void deliver_log_lines() noexcept;

}  // namespace llmodule::bindings
