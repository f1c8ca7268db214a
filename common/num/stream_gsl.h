/* A stream as a gsl_rng. Only for files of common/num: the layers above know no GSL. */
#ifndef MUSHIR_NUM_STREAM_GSL_H
#define MUSHIR_NUM_STREAM_GSL_H

#include <gsl/gsl_rng.h>

#include "common/num/stream.h"

/* A generator that draws from |stream| (borrowed); valid while the stream is, nothing to free. */
gsl_rng mu_stream_gsl(struct mu_stream *stream);

#endif
