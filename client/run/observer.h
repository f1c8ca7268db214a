/* What a run tells whoever shows it. */
#ifndef MUSHIR_CLIENT_RUN_OBSERVER_H
#define MUSHIR_CLIENT_RUN_OBSERVER_H

struct cl_run;
struct cl_trial;
struct cl_observation;

/* Called on the loop's thread; every one is set. */
struct cl_observer {
    void (*begun)(const struct cl_run *run);
    void (*trial_started)(const struct cl_run *run, const struct cl_trial *trial);
    void (*trial_reported)(const struct cl_run *run, const struct cl_trial *trial,
        const struct cl_observation *observation);
    void (*trial_ended)(const struct cl_run *run, const struct cl_trial *trial);
    void (*ticked)(const struct cl_run *run); /* time went by */
    void (*noted)(const struct cl_run *run, const char *text);
    void (*ended)(const struct cl_run *run);
};

#endif
