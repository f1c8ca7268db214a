/* Who may ask what: the rules that a request must pass before anything looks at it. */
#ifndef MUSHIR_CLIENT_SERVE_GUARD_H
#define MUSHIR_CLIENT_SERVE_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "client/serve/request.h"

#define CL_GUARD_LOGIN "/api/v1/login"

enum { CL_GUARD_SECRET = 64 }; /* letters of a session's secret: 256 random bits */

struct cl_guard {
    const char *token;                /* that a client must know; NULL: none is needed */
    char secret[CL_GUARD_SECRET + 1]; /* of browsers that gave it; "" lets none in */
    char cookie[32];                  /* the name that they keep the secret under */
    bool tls, read_only;
    const char *const *names; /* host names beside localhost and addresses; ended by NULL */
};

/* Draw the secret, and name the cookie after |port|: a browser does not keep ports apart. */
void cl_guard_open(struct cl_guard *guard, int port);

/* 0 when |request| may be answered, else the HTTP status that refuses it, with |*why|:
 * - 403 unless its Host is an address, localhost or one of the names: a page whose name was bound
 *   to this address anew (DNS rebinding) has another;
 * - 403 when a page of another origin sends it (Origin, Sec-Fetch-Site), but for opening "/";
 * - 415 when it changes something with a body whose type a form could send;
 * - 403 when it changes something and the server is read-only;
 * - 401 without the token, as "Authorization: Bearer" or as the cookie; all that is not below
 *   /api/ is the page itself, which is for everybody, and so is the login. */
int cl_guard_check(
    const struct cl_guard *guard, const struct cl_http_request *request, const char **why);

/* Whether |token| is the one; in a time that does not tell how much of it is right. */
bool cl_guard_knows(const struct cl_guard *guard, const char *token);

/* Whether |host| names this machine alone: an address of 127.0.0.0/8. */
bool cl_guard_loopback(const char *host);

#endif
