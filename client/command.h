/* The commands of mushir, one file each. */
#ifndef MUSHIR_CLIENT_COMMAND_H
#define MUSHIR_CLIENT_COMMAND_H

#include "client/cli.h"

enum cl_exit_code cl_command_validate(struct cl_context *context);
enum cl_exit_code cl_command_init(struct cl_context *context);
enum cl_exit_code cl_command_suggest(struct cl_context *context);
enum cl_exit_code cl_command_analyse(struct cl_context *context);
enum cl_exit_code cl_command_katib(struct cl_context *context);
enum cl_exit_code cl_command_status(struct cl_context *context);
enum cl_exit_code cl_command_report(struct cl_context *context);
enum cl_exit_code cl_command_serve(struct cl_context *context);
enum cl_exit_code cl_command_run(struct cl_context *context);

#endif
