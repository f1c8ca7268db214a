// What the program has to settle with core and core's C interface does not offer.
#include <string>

#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/log/log_sink.h"
#include "absl/log/log_sink_registry.h"
#include "src/core/lib/experiments/config.h"

extern "C" void mu_core_log_to(void (*write)(bool error, const char* text));

namespace {

class Sink : public absl::LogSink {
 public:
  void Send(const absl::LogEntry& entry) override {
    write(entry.log_severity() >= absl::LogSeverity::kError, std::string(entry.text_message()).c_str());
  }
  void (*write)(bool error, const char* text) = nullptr;
};

// The thread that waits for core's events reads the sockets, as in earlier releases. By itself core reads them on threads of its own, and
// waking the one that waits takes a fifth of the time of a brief call (docs/adr/0032). Core asks once, when it is first initialized.
[[maybe_unused]] const bool settled = (grpc_core::ForceEnableExperiment("event_engine_listener", false), true);

}  // namespace

// Leads core's log to the program, which gpr_set_log_function did until release 1.65. Left alone, core writes to stderr itself, where a full
// pipe holds the thread that writes.
void mu_core_log_to(void (*write)(bool error, const char* text)) {
  static Sink* sink = nullptr;
  if (sink == nullptr) {
    sink = new Sink;
    sink->write = write;
    absl::SetStderrThreshold(absl::LogSeverityAtLeast::kInfinity);
    absl::InitializeLog();
    absl::AddLogSink(sink);
  }
}
