#include "common/service/machine.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The beginning of a small file of the kernel's; false when it cannot be read. */
static bool read_text(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, text, size - 1);
    if (file >= 0) {
        close(file);
    }
    text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static size_t quota_cpus(long long quota, long long period) {
    return quota > 0 && period > 0 ? (size_t)((quota + period - 1) / period) : 0;
}

size_t mu_machine_parse_quota(const char *cpu_max) {
    long long quota;
    long long period;
    return sscanf(cpu_max, "%lld %lld", &quota, &period) == 2 ? quota_cpus(quota, period) : 0;
}

size_t mu_machine_parse_quota_v1(const char *quota, const char *period) {
    return quota_cpus(atoll(quota), atoll(period)); /* -1: no quota */
}

uint64_t mu_machine_parse_limit(const char *text) {
    char *end;
    uint64_t limit = strtoull(text, &end, 10);
    return end == text || limit >= UINT64_C(1) << 62 ? 0 : limit;
}

size_t mu_machine_cpus(void) {
    char quota[64];
    char period[64];
    size_t granted = 0;
    if (read_text("/sys/fs/cgroup/cpu.max", quota, sizeof quota)) {
        granted = mu_machine_parse_quota(quota);
    } else if (read_text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota, sizeof quota) &&
               read_text("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period, sizeof period)) {
        granted = mu_machine_parse_quota_v1(quota, period);
    }
    cpu_set_t set;
    int runnable = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    size_t cpus = runnable > 0 ? (size_t)runnable : 1;
    return granted > 0 && granted < cpus ? granted : cpus;
}

uint64_t mu_machine_memory_limit(void) {
    char text[64];
    if (read_text("/sys/fs/cgroup/memory.max", text, sizeof text) ||
        read_text("/sys/fs/cgroup/memory/memory.limit_in_bytes", text, sizeof text)) {
        return mu_machine_parse_limit(text);
    }
    return 0;
}

uint64_t mu_machine_resident(void) {
    char text[128];
    unsigned long long pages;
    if (!read_text("/proc/self/statm", text, sizeof text) ||
        sscanf(text, "%*u %llu", &pages) != 1) {
        return 0;
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
