/* What the machine, or the container we live in, grants us. */
#ifndef MUSHIR_SERVICE_MACHINE_H
#define MUSHIR_SERVICE_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* CPUs we may use: the smaller of the cgroup's quota (v2, then v1; rounded up) and the CPUs we may
 * run on. At least 1. */
size_t mu_machine_cpus(void);

/* Memory limit of our cgroup in bytes; 0 when there is none. */
uint64_t mu_machine_memory_limit(void);

/* Our resident memory in bytes; 0 when unknown. */
uint64_t mu_machine_resident(void);

/* The parts without the file system: CPUs granted by the text of cpu.max ("max 100000", "50000
 * 100000") or of the v1 pair of files; 0: no quota. Bytes of a limit's text ("max", or a number;
 * v1's numbers near 2^63 mean none); 0: no limit. */
size_t mu_machine_parse_quota(const char *cpu_max);
size_t mu_machine_parse_quota_v1(const char *quota, const char *period);
uint64_t mu_machine_parse_limit(const char *text);

#endif
