// What abseil, on whose locks gRPC core stands, offers to C++ only.
#include "absl/synchronization/mutex.h"

extern "C" void mu_core_watch_no_locks(void);

void mu_core_watch_no_locks(void) {
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}
