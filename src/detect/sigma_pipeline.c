/* SPDX-License-Identifier: MulanPSL-2.0 */
#include "detect/sigma_pipeline.h"

bool sigma_placeholder(const struct sigma_pipelines *pipelines, struct str name, struct strings *values)
{
	(void)pipelines;
	(void)name;
	(void)values;
	return false;
}
