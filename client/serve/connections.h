/* The connections of a server: how many there are, and which makes room for one more. */
#ifndef MUSHIR_CLIENT_SERVE_CONNECTIONS_H
#define MUSHIR_CLIENT_SERVE_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { CL_MOST_CONNECTIONS = 256 }; /* a browser opens six */

struct lws;

struct cl_connections {
    struct {
        struct lws *wsi;
        unsigned long long waiting; /* its number, from 1; 0: its request is complete; above that,
                                       whether the body of one is coming */
    } all[CL_MOST_CONNECTIONS];
    size_t n;
    unsigned long long numbers; /* the last one given out */
};

/* Whether there is no place for one more. If so, |*oldest| is the one that has asked for nothing
 * for the longest time, or else the oldest whose body is coming, which is forgotten and to be
 * closed, and there is a place; NULL when every one is busy. */
bool cl_connections_full(struct cl_connections *connections, struct lws **oldest);

/* One more, when there is a place. */
void cl_connections_add(struct cl_connections *connections, struct lws *wsi);

/* The body of its request is coming: others make room before it, but half of all at most have
 * that. Nothing, when it is not known. */
void cl_connections_set_sending(struct cl_connections *connections, const struct lws *wsi);

/* Its request is complete; it is closed. Nothing, when it is not known. */
void cl_connections_set_busy(struct cl_connections *connections, const struct lws *wsi);
void cl_connections_remove(struct cl_connections *connections, const struct lws *wsi);

#endif
