#include "client/experiment/job.h"

#include <string.h>

#define ANY CL_NODE_NULL
#define TEXT CL_NODE_TEXT
#define NUMBER CL_NODE_NUMBER
#define BOOL CL_NODE_BOOL
#define LIST CL_NODE_LIST
#define MAP CL_NODE_MAP

/* Kubernetes API reference 1.31, batch/v1 and core/v1. */
static const struct cl_field job_fields[] = {{"apiVersion", TEXT, false}, {"kind", TEXT, false},
    {"metadata", MAP, false}, {"spec", MAP, false}, {"status", MAP, false}, {NULL, 0, false}};
static const struct cl_field job_spec_fields[] = {{"activeDeadlineSeconds", NUMBER, false},
    {"backoffLimit", NUMBER, false}, {"backoffLimitPerIndex", NUMBER, false},
    {"completionMode", TEXT, false}, {"completions", NUMBER, false}, {"managedBy", TEXT, false},
    {"manualSelector", BOOL, false}, {"maxFailedIndexes", NUMBER, false},
    {"parallelism", NUMBER, false}, {"podFailurePolicy", MAP, false},
    {"podReplacementPolicy", TEXT, false}, {"selector", MAP, false}, {"successPolicy", MAP, false},
    {"suspend", BOOL, false}, {"template", MAP, false}, {"ttlSecondsAfterFinished", NUMBER, false},
    {NULL, 0, false}};
static const struct cl_field pod_template_fields[] = {
    {"metadata", MAP, false}, {"spec", MAP, false}, {NULL, 0, false}};
static const struct cl_field pod_fields[] = {{"activeDeadlineSeconds", NUMBER, false},
    {"affinity", MAP, false}, {"automountServiceAccountToken", BOOL, false},
    {"containers", LIST, false}, {"dnsConfig", MAP, false}, {"dnsPolicy", TEXT, false},
    {"enableServiceLinks", BOOL, false}, {"ephemeralContainers", LIST, false},
    {"hostAliases", LIST, false}, {"hostIPC", BOOL, false}, {"hostNetwork", BOOL, false},
    {"hostPID", BOOL, false}, {"hostUsers", BOOL, false}, {"hostname", TEXT, false},
    {"imagePullSecrets", LIST, false}, {"initContainers", LIST, false}, {"nodeName", TEXT, false},
    {"nodeSelector", MAP, false}, {"os", MAP, false}, {"overhead", MAP, false},
    {"preemptionPolicy", TEXT, false}, {"priority", NUMBER, false},
    {"priorityClassName", TEXT, false}, {"readinessGates", LIST, false},
    {"resourceClaims", LIST, false}, {"resources", MAP, false}, {"restartPolicy", TEXT, false},
    {"runtimeClassName", TEXT, false}, {"schedulerName", TEXT, false},
    {"schedulingGates", LIST, false}, {"securityContext", MAP, false},
    {"serviceAccount", TEXT, false}, {"serviceAccountName", TEXT, false},
    {"setHostnameAsFQDN", BOOL, false}, {"shareProcessNamespace", BOOL, false},
    {"subdomain", TEXT, false}, {"terminationGracePeriodSeconds", NUMBER, false},
    {"tolerations", LIST, false}, {"topologySpreadConstraints", LIST, false},
    {"volumes", LIST, false}, {NULL, 0, false}};
static const struct cl_field container_fields[] = {{"args", LIST, false}, {"command", LIST, false},
    {"env", LIST, false}, {"envFrom", LIST, false}, {"image", TEXT, false},
    {"imagePullPolicy", TEXT, false}, {"lifecycle", MAP, false}, {"livenessProbe", MAP, false},
    {"name", TEXT, false}, {"ports", LIST, false}, {"readinessProbe", MAP, false},
    {"resizePolicy", LIST, false}, {"resources", MAP, false}, {"restartPolicy", TEXT, false},
    {"securityContext", MAP, false}, {"startupProbe", MAP, false}, {"stdin", BOOL, false},
    {"stdinOnce", BOOL, false}, {"terminationMessagePath", TEXT, false},
    {"terminationMessagePolicy", TEXT, false}, {"tty", BOOL, false}, {"volumeDevices", LIST, false},
    {"volumeMounts", LIST, false}, {"workingDir", TEXT, false}, {NULL, 0, false}};
static const struct cl_field env_fields[] = {
    {"name", TEXT, false}, {"value", TEXT, false}, {"valueFrom", MAP, false}, {NULL, 0, false}};
static const struct cl_field mount_fields[] = {{"mountPath", TEXT, false},
    {"mountPropagation", TEXT, false}, {"name", TEXT, false}, {"readOnly", BOOL, false},
    {"recursiveReadOnly", TEXT, false}, {"subPath", TEXT, false}, {"subPathExpr", TEXT, false},
    {NULL, 0, false}};

/* Check every map of the list under |key| against |fields|. */
static void check_items(const struct cl_checker *c, const struct cl_node *map, const char *path,
    const char *key, const struct cl_field *fields) {
    const struct cl_node *list = cl_node_get(map, key);
    for (size_t i = 0; list && list->kind == CL_NODE_LIST && i < list->n; i++) {
        cl_schema_check(
            c, list->items[i], mu_arena_format(c->arena, "%s.%s[%zu]", path, key, i), fields);
    }
}

static void check_container(
    const struct cl_checker *c, const struct cl_node *container, const char *path) {
    if (!cl_schema_check(c, container, path, container_fields)) {
        return;
    }
    cl_schema_items(c, cl_node_get(container, "command"),
        mu_arena_format(c->arena, "%s.command", path), CL_NODE_TEXT);
    cl_schema_items(c, cl_node_get(container, "args"), mu_arena_format(c->arena, "%s.args", path),
        CL_NODE_TEXT);
    check_items(c, container, path, "env", env_fields);
    check_items(c, container, path, "volumeMounts", mount_fields);
}

void cl_job_check(const struct cl_checker *c, const struct cl_node *spec) {
    static const char *const lists[] = {"containers", "initContainers"};
    const struct cl_node *job = cl_node_get(spec, "spec");
    const struct cl_node *template = cl_node_get(job, "template");
    const struct cl_node *pod = cl_node_get(template, "spec");
    cl_schema_check(c, spec, "trialSpec", job_fields);
    if (job) {
        cl_schema_check(c, job, "trialSpec.spec", job_spec_fields);
    }
    if (template) {
        cl_schema_check(c, template, "trialSpec.spec.template", pod_template_fields);
    }
    if (!pod || !cl_schema_check(c, pod, "trialSpec.spec.template.spec", pod_fields)) {
        return;
    }
    for (size_t k = 0; k < 2; k++) {
        const struct cl_node *list = cl_node_get(pod, lists[k]);
        for (size_t i = 0; list && list->kind == CL_NODE_LIST && i < list->n; i++) {
            check_container(c, list->items[i], mu_arena_format(c->arena, "%s[%zu]", lists[k], i));
        }
    }
}
