/* SPDX-License-Identifier: MulanPSL-2.0
 *
 * sigma_pipeline: processing pipelines (private to Sigma's reader).
 */
#ifndef WARD_DETECT_SIGMA_PIPELINE_H
#define WARD_DETECT_SIGMA_PIPELINE_H

#include "detect/sigma.h"

struct sigma_pipelines;

/* What a placeholder stands for; false: nothing says so. `pipelines` may be NULL. */
bool sigma_placeholder(const struct sigma_pipelines *pipelines, struct str name, struct strings *values);

#endif
