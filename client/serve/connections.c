#include "client/serve/connections.h"

static const unsigned long long SENDING = 1ULL << 63; /* above every number */

/* Where |wsi| is; the number of them when it is not known. */
static size_t place_of(const struct cl_connections *connections, const struct lws *wsi) {
    size_t i = 0;
    while (i < connections->n && connections->all[i].wsi != wsi) {
        i++;
    }
    return i;
}

static void forget(struct cl_connections *connections, size_t place) {
    connections->all[place] = connections->all[--connections->n];
}

bool cl_connections_full(struct cl_connections *connections, struct lws **oldest) {
    size_t found = connections->n;
    *oldest = NULL;
    if (connections->n < CL_MOST_CONNECTIONS) {
        return false;
    }
    for (size_t i = 0; i < connections->n; i++) {
        unsigned long long number = connections->all[i].waiting;
        if (number && (found == connections->n || number < connections->all[found].waiting)) {
            found = i;
        }
    }
    if (found < connections->n) {
        *oldest = connections->all[found].wsi;
        forget(connections, found);
    }
    return true;
}

void cl_connections_add(struct cl_connections *connections, struct lws *wsi) {
    if (connections->n < CL_MOST_CONNECTIONS) {
        connections->all[connections->n].wsi = wsi;
        connections->all[connections->n++].waiting = ++connections->numbers;
    }
}

void cl_connections_set_sending(struct cl_connections *connections, const struct lws *wsi) {
    size_t place = place_of(connections, wsi);
    size_t sending = 0;
    for (size_t i = 0; i < connections->n; i++) {
        sending += connections->all[i].waiting >= SENDING;
    }
    if (place < connections->n && sending < CL_MOST_CONNECTIONS / 2) {
        connections->all[place].waiting |= SENDING;
    }
}

void cl_connections_set_busy(struct cl_connections *connections, const struct lws *wsi) {
    size_t place = place_of(connections, wsi);
    if (place < connections->n) {
        connections->all[place].waiting = 0;
    }
}

void cl_connections_remove(struct cl_connections *connections, const struct lws *wsi) {
    size_t place = place_of(connections, wsi);
    if (place < connections->n) {
        forget(connections, place);
    }
}
