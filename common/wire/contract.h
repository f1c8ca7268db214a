/* Katib's contract, api.v1.beta1: what its services and methods are called. Its messages are in
 * wire.h; its numbers are the domain's (contract.c compares them with the generated ones). */
#ifndef MUSHIR_WIRE_CONTRACT_H
#define MUSHIR_WIRE_CONTRACT_H

#define MU_CONTRACT_PACKAGE "api.v1.beta1."

/* Names of the services, as in paths and reflection. */
#define MU_CONTRACT_SUGGESTION MU_CONTRACT_PACKAGE "Suggestion"
#define MU_CONTRACT_EARLY_STOPPING MU_CONTRACT_PACKAGE "EarlyStopping"
#define MU_CONTRACT_DB_MANAGER MU_CONTRACT_PACKAGE "DBManager"

/* What Katib's probes ask the health service for. */
#define MU_CONTRACT_SUGGESTION_PROBE "manager.v1beta1.Suggestion"

/* Paths of the methods. */
#define MU_CONTRACT_GET_SUGGESTIONS "/" MU_CONTRACT_SUGGESTION "/GetSuggestions"
#define MU_CONTRACT_VALIDATE_ALGORITHM "/" MU_CONTRACT_SUGGESTION "/ValidateAlgorithmSettings"
#define MU_CONTRACT_GET_RULES "/" MU_CONTRACT_EARLY_STOPPING "/GetEarlyStoppingRules"
#define MU_CONTRACT_SET_TRIAL_STATUS "/" MU_CONTRACT_EARLY_STOPPING "/SetTrialStatus"
#define MU_CONTRACT_VALIDATE_STOPPING \
    "/" MU_CONTRACT_EARLY_STOPPING "/ValidateEarlyStoppingSettings"
#define MU_CONTRACT_REPORT_LOG "/" MU_CONTRACT_DB_MANAGER "/ReportObservationLog"
#define MU_CONTRACT_GET_LOG "/" MU_CONTRACT_DB_MANAGER "/GetObservationLog"

#endif
